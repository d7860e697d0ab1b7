import { describe, it } from "mocha";
import { mayLogin } from "../../../../src/policy/callbacks/check-login-for-spam.ts";
import type { UserId } from "../../../../src/policy/model.ts";
import { admin, bot, judge, people } from "../support/callback-rooms.ts";
import { groupId, idOf, settings } from "../support/practice.ts";

describe("signing in", () => {
  const cases: Array<readonly [string, UserId, true | RegExp]> = [
    ["a person", idOf("ann"), true],
    ["one who never receives", idOf("shy"), true],
    ["one without access", idOf("locked"), /do not have access/],
    ["one who is inactive", idOf("gone"), /not active/],
    ["one who is unknown", idOf("ghost"), /not active/],
    ["a handle", groupId("Doctors"), /cannot sign in/],
    ["the bot", bot, /cannot sign in/],
    ["an account that is not Whisper's", admin, true],
  ];
  for (const [what, id, expected] of cases) {
    it(what, () => judge(mayLogin(people, settings, id), expected));
  }
});
