import { describe, it } from "mocha";
import type { CallbackRoom } from "../../../../src/policy/callbacks/callback-room.ts";
import { mayInvite } from "../../../../src/policy/callbacks/user-may-invite.ts";
import type { Conversation, CustomGroupEditors, UserId } from "../../../../src/policy/model.ts";
import { admin, bot, judge, made, managed, people, stranger, unknown } from "../support/callback-rooms.ts";
import { conversation, customId, groupId, idOf, settings } from "../support/practice.ts";

describe("inviting into a room that a user made", () => {
  const [ann, shy] = [idOf("ann"), idOf("shy")];
  const cases: Array<readonly [string, UserId, UserId, CallbackRoom, true | RegExp]> = [
    ["somebody", ann, idOf("ben"), unknown, true],
    ["the bot", ann, bot, unknown, true],
    ["a group", ann, groupId("Doctors"), unknown, true],
    ["a custom group", ann, customId("night"), unknown, true],
    ["a group that is gone", ann, groupId("Gone"), unknown, /no longer exists/],
    ["one who is not in the staff list", ann, idOf("ghost"), unknown, /One of the people is not in/],
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

describe("inviting into one of Whisper's rooms", () => {
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
