import type { UserId } from "../../../policy/model.ts";
import type { Rule } from "../passage/rules.ts";
import { forwardBody, readJsonBody } from "./forward-body.ts";

/**
 * Whom someone ignores (client-server API, "Ignoring Users"): never Whisper. Otherwise Synapse would show them nothing
 * that it sends, not even arrival notices, and nobody would know. Element offers this on an invitation, as Reject &
 * Ignore.
 */
export const ignoredUsers =
  (bot: UserId): Rule =>
  async (passage, request, response) => {
    const body = await readJsonBody(request, response);
    if (body === null) return;
    const ignored = body.ignored_users;
    const others =
      typeof ignored === "object" && ignored !== null && !Array.isArray(ignored)
        ? Object.fromEntries(Object.entries(ignored).filter(([id]) => id !== bot))
        : ignored;
    await forwardBody(passage, request, response, {
      ...body,
      ...(others === undefined ? {} : { ignored_users: others }),
    });
  };
