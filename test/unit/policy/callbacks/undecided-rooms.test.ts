import { expect } from "chai";
import { describe, it } from "mocha";
import type { CallbackRoom } from "../../../../src/policy/callbacks/callback-room.ts";
import { mayWriteEvent } from "../../../../src/policy/callbacks/check-event-for-spam.ts";
import { mayInvite } from "../../../../src/policy/callbacks/user-may-invite.ts";
import { mayJoin } from "../../../../src/policy/callbacks/user-may-join-room.ts";
import type { UserId } from "../../../../src/policy/model.ts";
import { groupId, idOf, neverReceives, practice, securityGroup, settings } from "../support/practice.ts";

const people = practice(
  ["ann", "ben", neverReceives("shy")],
  [securityGroup("Empty", []), securityGroup("Shy", ["shy"]), securityGroup("Ben", ["ben"])],
);
const { bot } = settings;
const made = (others: readonly UserId[]): CallbackRoom =>
  ({ room: "user-made", others, joined: others, trusted: [], named: false }) as CallbackRoom;
const writes = (room: CallbackRoom, undecided: boolean, type = "m.room.message", state = false) =>
  mayWriteEvent(people, settings, {
    sender: idOf("ann"),
    type,
    state,
    content: {},
    room,
    undecided,
    removesState: false,
  }).allowed;

describe("a room that is closed", () => {
  const room: CallbackRoom = { room: "closed" };
  it("accepts nothing and no one except Whisper", () => {
    for (const [type, state] of [
      ["m.room.message", false],
      ["m.room.name", true],
      ["m.room.power_levels", true],
    ] as const)
      expect(writes(room, false, type, state), type).to.equal(false);
    expect(
      mayInvite(people, settings, { inviter: idOf("ann"), invitee: idOf("ben"), room }).allowed,
    ).to.equal(false);
    expect(mayJoin(people, settings, { user: idOf("ben"), room }).allowed).to.equal(false);
    const event = {
      sender: bot,
      type: "m.room.message",
      state: false,
      content: {},
      room,
      undecided: false,
      removesState: false,
    };
    expect(mayWriteEvent(people, settings, event).allowed).to.equal(true);
  });
});

describe("a room that is still undecided", () => {
  const cases: Array<readonly [string, readonly UserId[], boolean]> = [
    ["whoever is alone", [idOf("ann")], true],
    ["whoever is alone with Whisper", [idOf("ann"), bot], true],
    ["anybody to others", [idOf("ann"), idOf("ben")], false],
    ["anybody to a group", [idOf("ann"), groupId("Ben")], false],
  ];
  for (const [what, others, expected] of cases)
    it(`${expected ? "accepts" : "refuses"} a message from ${what}`, () =>
      expect(writes(made(others), true)).to.equal(expected));

  it("accepts what Whisper writes to take it over, and no name that would reach one person alone", () => {
    const two = made([idOf("ann"), idOf("shy")]);
    expect(writes(two, true, "m.room.power_levels", true)).to.equal(true);
    expect(writes(two, true, "m.room.name", true)).to.equal(false);
    expect(writes(made([idOf("ann"), idOf("ben")]), true, "m.room.name", true)).to.equal(true);
  });
});

describe("a room that leads to the conversation's own room", () => {
  const cases: Array<readonly [string, readonly UserId[], boolean]> = [
    ["to one who receives", [idOf("ann"), idOf("ben")], true],
    ["to one who does not", [idOf("ann"), idOf("shy")], false],
    ["to one who does not, and an empty group", [idOf("ann"), idOf("shy"), groupId("Empty")], false],
    ["to a group of one who does not", [idOf("ann"), groupId("Shy")], false],
    ["to one who does not, and an invented account", [idOf("ann"), idOf("shy"), idOf("nobody")], false],
    [
      "to one who does not, and an account from outside",
      [idOf("ann"), idOf("shy"), "@eve:elsewhere.example" as UserId],
      false,
    ],
    ["to one who does not, and another", [idOf("ann"), idOf("shy"), idOf("ben")], true],
  ];
  for (const [what, others, expected] of cases)
    it(`${expected ? "accepts" : "refuses"} a message ${what}`, () =>
      expect(writes(made(others), false)).to.equal(expected));
});
