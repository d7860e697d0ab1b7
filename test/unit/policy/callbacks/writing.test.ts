import { describe, it } from "mocha";
import type { CallbackRoom } from "../../../../src/policy/callbacks/callback-room.ts";
import { mayWriteEvent } from "../../../../src/policy/callbacks/check-event-for-spam.ts";
import type { UserId } from "../../../../src/policy/model.ts";
import { admin, bot, judge, made, managed, people, stranger, unknown } from "../support/callback-rooms.ts";
import { conversation, groupId, idOf, settings } from "../support/practice.ts";

describe("writing", () => {
  const message = { type: "m.room.message", state: false, content: {} };
  const state = (type: string) => ({ type, state: true, content: {} });
  type Written = {
    readonly type: string;
    readonly state: boolean;
    readonly content: Record<string, unknown>;
  };
  const night = managed(conversation.custom("night"));
  const levels = (users: Record<string, number>) => ({
    type: "m.room.power_levels",
    state: true,
    content: { users },
  });
  const cases: Array<readonly [string, UserId, Written, CallbackRoom, true | RegExp]> = [
    ["a message in a group", idOf("ben"), message, night, true],
    ["a message after removal", idOf("cara"), message, night, /no longer in/],
    ["a message without access", idOf("locked"), message, night, /do not have access/],
    ["a message as a group", groupId("Doctors"), message, night, /A group cannot/],
    ["a message as the bot", bot, message, managed(conversation.alerts), true],
    ["a message in alerts", idOf("ann"), message, managed(conversation.alerts), /Only Whisper writes/],
    ["a message in arrivals", idOf("ann"), message, managed(conversation.arrivals("ann")), true],
    [
      "a message to one who never receives",
      idOf("ann"),
      message,
      managed(conversation.individual("ann", "shy")),
      /Shy has chosen/,
    ],
    [
      "a reaction to one who never receives",
      idOf("ann"),
      { ...message, type: "m.reaction" },
      managed(conversation.individual("ann", "shy")),
      /Shy/,
    ],
    [
      "a message of one who never receives",
      idOf("shy"),
      message,
      managed(conversation.individual("ann", "shy")),
      true,
    ],
    [
      "a message in a group of two",
      idOf("ann"),
      message,
      managed(conversation.custom("two")),
      /Shy has chosen/,
    ],
    ["a message of the other in it", idOf("shy"), message, managed(conversation.custom("two")), true],
    ["a message in a closed room", idOf("ann"), message, managed(conversation.group("Gone")), /closed/],
    ["a message in an unknown room", idOf("ann"), message, unknown, true],
    ["a message of an account that is not Whisper's", admin, message, unknown, true],
    ["a message of a stranger in ours", stranger, message, night, /Only people/],
    ["a message in a user's room for two", idOf("ann"), message, made([idOf("ann"), idOf("ben"), bot]), true],
    [
      "a message in a user's room to one who never receives",
      idOf("ann"),
      message,
      made([idOf("ann"), idOf("shy")]),
      /Shy/,
    ],
    ["a message in a user's room for more", idOf("ann"), message, made([idOf("shy"), idOf("ben")]), true],
    ["encryption in ours", idOf("ann"), state("m.room.encryption"), night, /encryption stays off/],
    ["encryption anywhere", idOf("ann"), state("m.room.encryption"), unknown, /encryption stays off/],
    ["a new name of a custom group", idOf("ben"), state("m.room.name"), night, true],
    [
      "a new name of a custom group by an outsider",
      idOf("cara"),
      state("m.room.name"),
      night,
      /no longer in/,
    ],
    [
      "a new name of a pair",
      idOf("ann"),
      state("m.room.name"),
      managed(conversation.individual("ann", "ben")),
      /name of this/,
    ],
    ["a new join rule", idOf("ann"), state("m.room.join_rules"), night, /settings/],
    ["a tombstone in ours", idOf("ann"), state("m.room.tombstone"), night, /settings/],
    ["a tombstone in a user's room", idOf("ann"), state("m.room.tombstone"), made([]), true],
    [
      "a tombstone in a room made by one who lost access",
      idOf("locked"),
      state("m.room.tombstone"),
      made([]),
      true,
    ],
    ["levels of a group in a user's room", groupId("Doctors"), levels({ [bot]: 100 }), made([]), true],
    ["levels that raise oneself", idOf("ann"), levels({ [bot]: 100, [idOf("ann")]: 100 }), night, /settings/],
    ["levels that lower the bot", idOf("ann"), levels({ [idOf("ann")]: 0 }), night, /settings/],
    [
      "levels that lower oneself to what one ought to have",
      idOf("ann"),
      levels({ [bot]: 100, [idOf("ann")]: 60 }),
      night,
      true,
    ],
  ];
  for (const [what, sender, event, room, expected] of cases) {
    it(what, () =>
      judge(
        mayWriteEvent(people, settings, { sender, room, undecided: false, removesState: false, ...event }),
        expected,
      ),
    );
  }

  it("keeps anyone from deleting what a conversation is, and lets them delete what they said", () => {
    const deletes = { sender: idOf("ann"), type: "m.room.redaction", state: false, content: {} };
    for (const room of [night, managed(conversation.individual("ann", "ben"))]) {
      const about = { ...deletes, room, undecided: false };
      judge(mayWriteEvent(people, settings, { ...about, removesState: true }), /cannot be deleted/);
      judge(mayWriteEvent(people, settings, { ...about, removesState: false }), true);
    }
    const byBot = { ...deletes, sender: bot, room: night, undecided: false, removesState: true };
    judge(mayWriteEvent(people, settings, byBot), true);
  });

  it("follows the setting for who may edit", () => {
    const rename = {
      sender: idOf("ben"),
      room: night,
      undecided: false,
      removesState: false,
      ...state("m.room.name"),
    };
    judge(mayWriteEvent(people, { ...settings, customGroupsEditedBy: "creator" }, rename), /Only Ann/);
  });
});
