/** For `whisper check-config`: can everyone be told whom `audit.observe.notify` names? */
import type { Directory, Username } from "../../policy/model.ts";
import { usernameAsKnown } from "../../policy/names/spelling.ts";
import { hasAccess } from "../../policy/people/permissions.ts";

/**
 * What is wrong, one sentence each, with the key's path.
 * @param directory who works there; null if that is not known.
 */
export const notifyProblems = (notify: readonly string[], directory: Directory | null): readonly string[] =>
  notify.flatMap((name, index) =>
    directory === null || hasAccess(directory, usernameAsKnown(directory, name as Username))
      ? []
      : [`audit.observe.notify[${index}]: there is no user ${name} with access to Whisper`],
  );
