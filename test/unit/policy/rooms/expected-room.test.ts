import { expect } from "chai";
import * as fc from "fast-check";
import { describe, it } from "mocha";
import { conversationsOf, naturalKey } from "../../../../src/policy/conversations/conversations-of.ts";
import { type Conversation, MARKER_TYPE, SERVICE_MEMBERS_TYPE } from "../../../../src/policy/model.ts";
import {
  belongsTo,
  peopleOf,
  standingGroups,
  standsIn,
} from "../../../../src/policy/rooms/expected-members.ts";
import { expectedRoom } from "../../../../src/policy/rooms/expected-room.ts";
import { anyConversation, directory } from "../support/arbitraries.ts";
import {
  c,
  conversation,
  customGroup,
  customId,
  g,
  groupId,
  idOf,
  inactive,
  practice,
  securityGroup,
  settings,
  u,
  user,
  withoutAccess,
} from "../support/practice.ts";

const people = practice(
  [
    user("ann", { doctor: true }),
    "ben",
    user("boss", { permissions: ["AccessWhisper", "WhisperAdmin"] }),
    withoutAccess("locked"),
    inactive("gone"),
  ],
  [securityGroup("HMS-Administrator", ["boss"]), securityGroup("Doctors", ["ann", "locked", "gone"])],
  [
    customGroup("night", {
      name: "Night shift",
      users: ["ben", "ann", "gone"],
      securityGroups: ["Doctors"],
      customGroups: ["inner"],
    }),
    customGroup("inner", { name: null, users: ["boss", "locked"] }),
    customGroup("empty", { users: ["gone"] }),
  ],
);
const bot = settings.bot;
const roomOf = (about: Conversation) => expectedRoom(about, people, settings);

describe("who is in a room", () => {
  const cases: Array<readonly [string, Conversation, string[] | null]> = [
    ["alerts: everybody with access", conversation.alerts, ["ann", "ben", "boss"].map(idOf)],
    ["admin: the administrators", conversation.admin, [idOf("boss")]],
    ["arrivals: the user", conversation.arrivals("ann"), [idOf("ann")]],
    [
      "arrivals: a user who no longer receives any keeps the history",
      conversation.arrivals("ben"),
      [idOf("ben")],
    ],
    ["arrivals: nobody when inactive", conversation.arrivals("gone"), null],
    ["control: the user", conversation.control("ben"), [idOf("ben")]],
    ["control: stays with one who lost access", conversation.control("locked"), [idOf("locked")]],
    ["control: nobody when unknown", conversation.control("unknown"), null],
    ["individual: both", conversation.individual("ann", "ben"), [idOf("ann"), idOf("ben")]],
    ["individual: the one who is still here", conversation.individual("ann", "gone"), [idOf("ann")]],
    [
      "individual: also without access",
      conversation.individual("ann", "locked"),
      [idOf("ann"), idOf("locked")],
    ],
    ["individual: nobody when both are gone", conversation.individual("gone", "unknown"), null],
    ["group: its active members", conversation.group("Doctors"), [idOf("ann"), idOf("locked")]],
    ["group: nobody when it is deleted", conversation.group("Deleted"), null],
    [
      "custom: everybody it comes to, and the handles of the groups in it",
      conversation.custom("night"),
      [...["ann", "ben", "locked", "boss"].map(idOf), groupId("Doctors"), customId("inner")],
    ],
    ["custom: nobody when no one is left", conversation.custom("empty"), null],
    ["custom: nobody when it is deleted", conversation.custom("deleted"), null],
  ];
  for (const [what, about, members] of cases) {
    it(what, () => {
      const room = roomOf(about);
      if (members === null) expect(room).to.equal(null);
      else expect([...(room?.members ?? [])]).to.have.members([bot, ...members]);
    });
  }

  it("is the same for everyone together and for each person", () => {
    fc.assert(
      fc.property(directory, anyConversation, (staff, about) => {
        const all = peopleOf(about, staff);
        for (const who of staff.users.keys()) expect(belongsTo(about, staff, who)).to.equal(all.has(who));
        for (const id of ["Doctors", "Default"]) {
          const stands = standingGroups(about, staff).some(
            (target) => "securityGroup" in target && target.securityGroup === id,
          );
          expect(standsIn(about, staff, { securityGroup: g(id) })).to.equal(stands);
        }
      }),
    );
  });
});

describe("the name of a room", () => {
  const cases: Array<readonly [Conversation, string | null]> = [
    [conversation.alerts, "Alerts"],
    [conversation.arrivals("ann"), "Patient arrivals"],
    [conversation.admin, "Whisper admin"],
    [conversation.group("Doctors"), "Doctors"],
    [conversation.custom("night"), "Night shift"],
    [conversation.custom("inner"), "Boss and Locked"],
    [conversation.individual("ann", "ben"), null],
    [conversation.control("ann"), null],
  ];
  for (const [about, name] of cases) {
    it(`${about.kind}: ${name ?? "after the people in it"}`, () => {
      expect(roomOf(about)?.state["m.room.name"]).to.deep.equal(name === null ? null : { name });
    });
  }

  it("leaves out the bot and the handles, but not the other person", () => {
    const service = (about: Conversation) => roomOf(about)?.state[SERVICE_MEMBERS_TYPE];
    expect(service(conversation.individual("ann", "ben"))).to.deep.equal({ service_members: [bot] });
    expect(service(conversation.custom("night"))).to.deep.equal({
      service_members: [bot, customId("inner"), groupId("Doctors")],
    });
    expect(service(conversation.control("ann"))).to.equal(null);
  });
});

describe("the rest of the room", () => {
  it("is closed to outsiders, readable to members, unencrypted and open", () => {
    for (const about of [
      conversation.alerts,
      conversation.individual("ann", "ben"),
      conversation.custom("night"),
    ]) {
      expect(roomOf(about)?.state).to.deep.include({
        "m.room.join_rules": { join_rule: "invite" },
        "m.room.history_visibility": { history_visibility: "shared" },
        "m.room.guest_access": { guest_access: "forbidden" },
        "m.room.encryption": null,
        "m.room.tombstone": null,
      });
    }
  });

  it("carries enough to rebuild the conversation", () => {
    const marker = (about: Conversation) => roomOf(about)?.state[MARKER_TYPE];
    const revision = 1;
    expect(marker(conversation.alerts)).to.deep.equal({ kind: "alerts", id: "alerts", revision });
    expect(marker(conversation.control("ann"))).to.deep.equal({
      kind: "control",
      id: "c",
      revision,
      user: "ann",
    });
    expect(marker(conversation.individual("ben", "ann"))).to.deep.equal({
      kind: "individual",
      id: "i",
      revision,
      users: ["ann", "ben"],
    });
    expect(marker(conversation.group("Doctors"))).to.deep.include({ security_group: "Doctors" });
    expect(marker(conversation.custom("night"))).to.deep.equal({
      kind: "custom",
      id: "night",
      revision,
      created_by: "ben",
      members: { users: ["ann", "ben", "gone"], security_groups: ["Doctors"], custom_groups: ["inner"] },
    });
  });

  it("is among the direct chats of the two, or of the user with the bot", () => {
    const direct = (about: Conversation) => [...(roomOf(about)?.direct ?? [])];
    expect(direct(conversation.individual("ann", "ben"))).to.deep.equal([
      [idOf("ann"), idOf("ben")],
      [idOf("ben"), idOf("ann")],
    ]);
    expect(direct(conversation.individual("ann", "gone"))).to.deep.equal([[idOf("ann"), idOf("gone")]]);
    expect(direct(conversation.control("ann"))).to.deep.equal([[idOf("ann"), bot]]);
    expect(direct(conversation.group("Doctors"))).to.deep.equal([]);
  });

  it("does not depend on the order of the lists", () => {
    const one = customGroup("x", { users: ["ann", "ben"], securityGroups: ["Doctors", "HMS-Administrator"] });
    const other = { ...one, users: one.users.toReversed(), securityGroups: one.securityGroups.toReversed() };
    const stateOf = (group: typeof one) =>
      JSON.stringify(
        expectedRoom(
          conversation.custom("x"),
          { ...people, customGroups: new Map([[c("x"), group]]) },
          settings,
        )?.state,
      );
    expect(stateOf(one)).to.equal(stateOf(other));
  });
});

describe("the conversations that always exist", () => {
  it("are alerts, admin, a control room for each user, arrivals for those who receive them, and one per group", () => {
    expect(conversationsOf(people).map(naturalKey)).to.have.members([
      "alerts",
      "admin",
      "control:ann",
      "control:ben",
      "control:boss",
      "arrivals:ann",
      "group:HMS-Administrator",
      "group:Doctors",
    ]);
  });

  it("have keys that no names can make ambiguous", () => {
    expect(naturalKey(conversation.individual("b:c", "a"))).to.equal("individual:a:b%3Ac");
    expect(naturalKey(conversation.individual("a", "b"))).to.equal(
      naturalKey(conversation.individual("b", "a")),
    );
    const name = fc.string({ minLength: 1, maxLength: 4, unit: fc.constantFrom("a", ":", "|", "%", "3") });
    fc.assert(
      fc.property(name, name, name, name, (a, b, x, y) => {
        const same = [a, b].sort().join("\0") === [x, y].sort().join("\0");
        const [one, other] = [conversation.individual(u(a), u(b)), conversation.individual(u(x), u(y))];
        expect(naturalKey(one) === naturalKey(other)).to.equal(same);
      }),
    );
  });
});
