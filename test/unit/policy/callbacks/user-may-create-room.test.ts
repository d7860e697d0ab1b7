import { describe, it } from "mocha";
import { mayCreateRoom } from "../../../../src/policy/callbacks/user-may-create-room.ts";
import type { UserId } from "../../../../src/policy/model.ts";
import { admin, bot, judge, people } from "../support/callback-rooms.ts";
import { groupId, idOf, settings } from "../support/practice.ts";

describe("making a room", () => {
  const cases: Array<readonly [string, UserId, true | RegExp]> = [
    ["a person", idOf("ann"), true],
    ["one who never receives", idOf("shy"), true],
    ["one without access", idOf("locked"), /do not have access/],
    ["one who is inactive", idOf("gone"), /not active/],
    ["one who is unknown", idOf("ghost"), /not active/],
    ["a handle", groupId("Doctors"), /cannot sign in/],
    ["the bot", bot, true],
    ["an account that is not Whisper's", admin, /Only people/],
  ];
  for (const [what, id, expected] of cases) {
    it(what, () => judge(mayCreateRoom(people, settings, id), expected));
  }
});
