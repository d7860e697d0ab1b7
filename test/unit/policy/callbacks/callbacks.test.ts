import { expect } from "chai";
import * as fc from "fast-check";
import { describe, it } from "mocha";
import type { CallbackRoom } from "../../../../src/policy/callbacks/callback-room.ts";
import { mayWriteEvent } from "../../../../src/policy/callbacks/check-event-for-spam.ts";
import { mayLogin } from "../../../../src/policy/callbacks/check-login-for-spam.ts";
import { mayCreateRoom } from "../../../../src/policy/callbacks/user-may-create-room.ts";
import { mayInvite } from "../../../../src/policy/callbacks/user-may-invite.ts";
import { mayJoin } from "../../../../src/policy/callbacks/user-may-join-room.ts";
import type { Conversation, CustomGroupEditors, UserId } from "../../../../src/policy/model.ts";
import { diffRoom } from "../../../../src/policy/rooms/diff-room.ts";
import { expectedRoom } from "../../../../src/policy/rooms/expected-room.ts";
import { anyConversation, anyRoom, anySettings, directory } from "../support/arbitraries.ts";
import { admin, bot, judge, made, managed, people, stranger, unknown } from "../support/callback-rooms.ts";
import { conversation, customId, groupId, idOf, settings } from "../support/practice.ts";

describe("making a room and signing in", () => {
  const cases: Array<readonly [string, UserId, true | RegExp, true | RegExp]> = [
    ["a person", idOf("ann"), true, true],
    ["one who never receives", idOf("shy"), true, true],
    ["one without access", idOf("locked"), /do not have access/, /do not have access/],
    ["one who is inactive", idOf("gone"), /not active/, /not active/],
    ["one who is unknown", idOf("ghost"), /not active/, /not active/],
    ["a handle", groupId("Doctors"), /cannot sign in/, /cannot sign in/],
    ["the bot", bot, true, /cannot sign in/],
    ["an account that is not Whisper's", admin, /Only people/, true],
  ];
  for (const [what, id, create, login] of cases) {
    it(what, () => {
      judge(mayCreateRoom(people, settings, id), create);
      judge(mayLogin(people, settings, id), login);
    });
  }
});

describe("inviting into a room that a user made", () => {
  const [ann, shy] = [idOf("ann"), idOf("shy")];
  const cases: Array<readonly [string, UserId, UserId, CallbackRoom, true | RegExp]> = [
    ["somebody", ann, idOf("ben"), unknown, true],
    ["the bot", ann, bot, unknown, true],
    ["a group", ann, groupId("Doctors"), unknown, true],
    ["a custom group", ann, customId("night"), unknown, true],
    ["a group that is gone", ann, groupId("Gone"), unknown, /no longer exists/],
    ["a stranger", ann, stranger, unknown, /Only people of this practice/],
    ["one who is inactive", ann, idOf("gone"), unknown, /Gone no longer works/],
    ["one without access", ann, idOf("locked"), made([ann, idOf("ben")]), /Locked does not use/],
    ["one who never receives, room unknown", ann, shy, unknown, /Shy has chosen not/],
    ["one who never receives, alone", ann, shy, made([ann, bot]), /Shy has chosen not/],
    ["one who never receives, with one who is in it", ann, shy, made([ann, idOf("ben")]), true],
    [
      "one who never receives, with one who is invited",
      ann,
      shy,
      made([ann], [idOf("ben")]),
      /Shy has chosen not/,
    ],
    ["one who never receives, with a group", ann, shy, made([ann, groupId("Doctors")]), /Shy has chosen not/],
    ["one who never receives, with a stranger", ann, shy, made([ann, stranger]), /Shy has chosen not/],
    ["one who never receives, with an administrator", ann, shy, made([ann, admin]), /Shy has chosen not/],
    [
      "one who never receives, with one without access",
      ann,
      shy,
      made([ann, idOf("locked")]),
      /Shy has chosen not/,
    ],
    [
      "one who never receives, with one who is inactive",
      ann,
      shy,
      made([ann, idOf("gone")]),
      /Shy has chosen not/,
    ],
    [
      "one who never receives, with one who is unknown",
      ann,
      shy,
      made([ann, idOf("ghost")]),
      /Shy has chosen not/,
    ],
    ["one who never receives and is in it", ann, shy, made([ann, shy]), /Shy has chosen not/],
    ["one who never receives, from outside, with one in it", ann, shy, made([idOf("ben")]), true],
    ["somebody, by one who never receives", shy, ann, unknown, true],
    ["somebody, by one without access", idOf("locked"), ann, unknown, /You do not have access/],
    ["a group, by one without access", idOf("locked"), groupId("Doctors"), unknown, /You do not have access/],
    ["somebody, by a handle", groupId("Doctors"), ann, unknown, /A group cannot/],
    ["somebody, by the bot", bot, shy, unknown, true],
  ];
  for (const [what, inviter, invitee, room, expected] of cases) {
    it(what, () => judge(mayInvite(people, settings, { inviter, invitee, room }), expected));
  }
});

describe("inviting into a room of Whisper's", () => {
  const night = conversation.custom("night");
  const cases: Array<readonly [string, CustomGroupEditors, string, UserId, Conversation, true | RegExp]> = [
    ["one who belongs there, whoever invites", "members", "cara", idOf("ben"), night, true],
    ["one who belongs there but lost access", "members", "ann", idOf("locked"), night, true],
    ["one more into a custom group, by a member", "members", "ann", idOf("cara"), night, true],
    ["one who never receives into a custom group", "members", "ann", idOf("shy"), night, true],
    [
      "one who never receives, by the only member",
      "members",
      "cara",
      idOf("shy"),
      conversation.custom("alone"),
      /Shy has chosen not/,
    ],
    [
      "one who never receives, with one without access",
      "members",
      "ann",
      idOf("shy"),
      conversation.custom("locked"),
      /Shy has chosen not/,
    ],
    [
      "a group of one who never receives, by the only member",
      "members",
      "cara",
      groupId("Silent"),
      conversation.custom("alone"),
      /Shy has chosen not/,
    ],
    ["a group of one who never receives, with others", "members", "ann", groupId("Silent"), night, true],
    [
      "a custom group that brings others too",
      "members",
      "cara",
      customId("withShy"),
      conversation.custom("alone"),
      true,
    ],
    ["one more, by an outsider", "members", "cara", idOf("admin"), night, /Only members/],
    ["one more, by a member who may not", "creator", "ben", idOf("cara"), night, /Only Ann may/],
    ["one more, by the creator", "creator", "ann", idOf("cara"), night, true],
    [
      "one more, by a member when administrators edit",
      "admins",
      "ann",
      idOf("cara"),
      night,
      /administrators/,
    ],
    ["a group", "members", "ann", groupId("HMS-Administrator"), night, true],
    ["a group that holds this one", "members", "ann", customId("outer"), night, /already contains/],
    ["this group itself", "members", "ann", customId("night"), night, /already contains/],
    ["one who is inactive", "members", "ann", idOf("gone"), night, /no longer works/],
    ["a stranger", "members", "ann", stranger, night, /Only people of this practice/],
    ["a third into a pair", "members", "ann", idOf("cara"), conversation.individual("ann", "ben"), /for two/],
    [
      "one of a pair who never receives",
      "members",
      "ann",
      idOf("shy"),
      conversation.individual("ann", "shy"),
      true,
    ],
    [
      "one more into a security group",
      "members",
      "ann",
      idOf("cara"),
      conversation.group("Doctors"),
      /set in HealthTrack/,
    ],
    [
      "one more into arrivals",
      "members",
      "ann",
      idOf("cara"),
      conversation.arrivals("ann"),
      /Nobody can be added/,
    ],
    ["one into a closed room", "members", "ann", idOf("ben"), conversation.group("Gone"), /closed/],
  ];
  for (const [what, customGroupsEditedBy, inviter, invitee, about, expected] of cases) {
    it(what, () => {
      const invitation = { inviter: idOf(inviter), invitee, room: managed(about) };
      judge(mayInvite(people, { ...settings, customGroupsEditedBy }, invitation), expected);
    });
  }
});

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

describe("whatever Whisper itself does to put a room right", () => {
  it("passes the callbacks, though it acts as the users", () => {
    fc.assert(
      fc.property(
        directory,
        anyConversation,
        anySettings,
        fc.option(anyRoom),
        (staff, about, set, actual) => {
          const expected = expectedRoom(about, staff, set);
          if (expected === null) return;
          const room = managed(about);
          for (const step of diffRoom(expected, actual)) {
            if (step.step === "join") {
              expect(
                mayInvite(staff, set, { inviter: bot, invitee: step.user, room }).allowed,
                "invite",
              ).to.equal(true);
              expect(mayJoin(staff, set, { user: step.user, room }).allowed, "join").to.equal(true);
            }
            if (step.step === "state") {
              const event = {
                sender: step.as ?? bot,
                type: step.type,
                state: true,
                content: step.content,
                room,
              };
              expect(mayWriteEvent(staff, set, event).allowed, `${step.type} as ${step.as}`).to.equal(true);
            }
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});
