import { ALLOWED, type Directory, refused, type Verdict } from "../model.ts";
import type { Someone } from "../names/names.ts";
import { hasAccess } from "../people/permissions.ts";
import * as words from "../words.ts";

/** May this person act at all? */
export function maySpeak(directory: Directory, someone: Someone): Verdict {
  switch (someone.is) {
    case "bot":
      return ALLOWED;
    case "group":
      return refused(words.groupsDoNotAct);
    case "departed":
      return refused(words.youLeft);
    case "stranger":
      return refused(words.outsider);
    case "person":
      if (!someone.user.active) return refused(words.youLeft);
      return hasAccess(directory, someone.username) ? ALLOWED : refused(words.youHaveNoAccess);
  }
}
