import { describe, it } from "mocha";
import type { CallbackRoom } from "../../../../src/policy/callbacks/callback-room.ts";
import { mayJoin } from "../../../../src/policy/callbacks/user-may-join-room.ts";
import type { UserId } from "../../../../src/policy/model.ts";
import { bot, judge, made, managed, people, stranger, unknown } from "../support/callback-rooms.ts";
import { conversation, groupId, idOf, settings } from "../support/practice.ts";

describe("joining", () => {
  const cases: Array<readonly [string, UserId, CallbackRoom, true | RegExp]> = [
    ["a room one belongs to", idOf("ann"), managed(conversation.custom("night")), true],
    [
      "a room one belongs to, after access was lost",
      idOf("locked"),
      managed(conversation.group("Doctors")),
      true,
    ],
    ["as a group that stands there", groupId("Doctors"), managed(conversation.custom("night")), true],
    [
      "as a group that does not",
      groupId("HMS-Administrator"),
      managed(conversation.custom("night")),
      /no longer/,
    ],
    ["a room one does not belong to", idOf("cara"), managed(conversation.custom("night")), /no longer/],
    ["alerts without access", idOf("locked"), managed(conversation.alerts), /no longer/],
    ["as the bot", bot, managed(conversation.group("Gone")), true],
    ["a closed room", idOf("ann"), managed(conversation.group("Gone")), /closed/],
    ["a user's room", idOf("ben"), made([idOf("ann")]), true],
    ["a user's room as a group", groupId("Doctors"), made([idOf("ann")]), true],
    ["a user's room without access", idOf("locked"), unknown, /do not have access/],
    ["as a stranger", stranger, unknown, /Only people/],
  ];
  for (const [what, who, room, expected] of cases) {
    it(what, () => judge(mayJoin(people, settings, { user: who, room }), expected));
  }
});
