import { expect } from "chai";
import { describe, it } from "mocha";
import {
  type ActualRoom,
  MARKER_TYPE,
  type Membership,
  SERVICE_MEMBERS_TYPE,
  type UserId,
} from "../../../../src/policy/model.ts";
import { diffRoom } from "../../../../src/policy/rooms/diff-room.ts";
import { expectedRoom } from "../../../../src/policy/rooms/expected-room.ts";
import { findingsOf, unknownRoom } from "../../../../src/policy/rooms/findings.ts";
import { applySteps } from "../support/applySteps.ts";
import { conversation, idOf, practice, securityGroup, settings } from "../support/practice.ts";

const people = practice(["ann", "ben", "cara"], [securityGroup("Doctors", ["ann", "ben"])]);
const about = expectedRoom(conversation.group("Doctors"), people, settings);
if (about === null) throw new Error("there ought to be a room");
const good = applySteps(null, diffRoom(about, null), settings.bot);
if (good === null) throw new Error("there ought to be a room");

const set = (type: string, content: Record<string, unknown>): ActualRoom => ({
  ...good,
  state: { ...good.state, [type]: content },
});
const member = (user: UserId, membership: Membership, forgotten = false): ActualRoom => ({
  ...good,
  members: new Map(good.members).set(user, { membership, forgotten }),
});
const levels = good.state["m.room.power_levels"];

describe("the room-state audit", () => {
  const cases: Array<readonly [ActualRoom, string, string, string, string]> = [
    [
      member(idOf("cara"), "join"),
      "membership",
      "@ht_cara:clinic.example is not in the room",
      "in the room",
      "critical",
    ],
    [
      member(idOf("cara"), "invite"),
      "membership",
      "@ht_cara:clinic.example is not in the room",
      "invited",
      "critical",
    ],
    [
      member(idOf("ann"), "leave"),
      "membership",
      "@ht_ann:clinic.example is in the room",
      "has left",
      "warning",
    ],
    [
      member(idOf("cara"), "leave"),
      "forgotten",
      "@ht_cara:clinic.example has left and can read nothing",
      "can still read what was written",
      "critical",
    ],
    [
      set("m.room.power_levels", { ...levels, invite: 0 }),
      "power_levels",
      "invite: 100",
      "invite: 0",
      "critical",
    ],
    [set("m.room.name", { name: "X" }), "name", "Doctors", "X", "warning"],
    [set("m.room.name", {}), "name", "Doctors", "{}", "warning"],
    [
      set("m.room.topic", { topic: "X" }),
      "topic",
      "Everyone in Doctors. Members are set in HealthTrack.",
      "X",
      "warning",
    ],
    [set("m.room.join_rules", { join_rule: "public" }), "join_rule", "invite", "public", "critical"],
    [
      set("m.room.history_visibility", { history_visibility: "joined" }),
      "history_visibility",
      "shared",
      "joined",
      "critical",
    ],
    [
      set("m.room.guest_access", { guest_access: "can_join" }),
      "guest_access",
      "forbidden",
      "can_join",
      "critical",
    ],
    [set("m.room.encryption", { algorithm: "x" }), "encryption", "not encrypted", "encrypted", "critical"],
    [set("m.room.tombstone", { body: "x" }), "tombstone", "open", "closed by a tombstone", "critical"],
    [
      set(MARKER_TYPE, { kind: "x" }),
      "marker",
      '{"kind":"group","id":"g","revision":1,"security_group":"Doctors"}',
      '{"kind":"x"}',
      "warning",
    ],
    [
      set(SERVICE_MEMBERS_TYPE, { service_members: [] }),
      "service_members",
      '{"service_members":["@whisper:clinic.example"]}',
      '{"service_members":[]}',
      "info",
    ],
    [{ ...good, version: "12" }, "version", "11", "12", "critical"],
    [
      { ...good, creator: "@eve:x" as UserId },
      "creator",
      "made by Whisper or by a person of the practice",
      "@eve:x",
      "critical",
    ],
    [member(settings.bot, "leave"), "bot", "Whisper is in the room", "leave", "critical"],
    [
      set("m.room.power_levels", { ...levels, users: { [settings.bot]: 100, [idOf("cara")]: 100 } }),
      "bot",
      "Whisper has level 100, and nobody else",
      "@ht_cara:clinic.example has level 100",
      "critical",
    ],
  ];
  for (const [actual, rule, ought, is, severity] of cases) {
    it(`finds ${rule}: ${is}`, () => {
      expect(findingsOf(about, actual)).to.deep.include({ rule, expected: ought, actual: is, severity });
    });
  }

  it("finds each level that differs, and nothing else", () => {
    const users = { ...(levels?.users as Record<string, number>), [idOf("ann")]: 50 };
    expect(
      findingsOf(about, set("m.room.power_levels", { ...levels, users })).map(({ actual }) => actual),
    ).to.deep.equal([`users ${idOf("ann")}: 50`]);
  });

  it("finds a pair's room that is missing from the direct chats", () => {
    const pair = expectedRoom(conversation.individual("ann", "ben"), people, settings);
    if (pair === null) throw new Error("there ought to be a room");
    const room = applySteps(null, diffRoom(pair, null), settings.bot);
    if (room === null) throw new Error("there ought to be a room");
    expect(findingsOf(pair, { ...room, direct: new Set([idOf("ann")]) })).to.deep.equal([
      { rule: "direct", expected: `a direct chat of ${idOf("ben")}`, actual: "not listed", severity: "info" },
    ]);
  });

  it("finds a user at the bot's level as a power level", () => {
    const users = { ...(levels?.users as Record<string, number>), [idOf("ann")]: 100 };
    expect(
      findingsOf(about, set("m.room.power_levels", { ...levels, users })).map(({ rule }) => rule),
    ).to.deep.equal(["power_levels"]);
  });

  it("finds rooms that belong to no conversation", () => {
    expect(unknownRoom(2)).to.include({ rule: "unknown_room", severity: "critical" });
  });
});
