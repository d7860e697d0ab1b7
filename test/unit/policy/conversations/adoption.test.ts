import { expect } from "chai";
import { describe, it } from "mocha";
import { classifyRoom, type MadeRoom } from "../../../../src/policy/conversations/adoption.ts";
import type { ActualRoom, Membership, RoomId, RoomState, UserId } from "../../../../src/policy/model.ts";
import * as words from "../../../../src/policy/words.ts";
import {
  c,
  customGroup,
  customId,
  g,
  groupId,
  idOf,
  neverReceives,
  practice,
  securityGroup,
  settings,
  u,
  withoutAccess,
} from "../support/practice.ts";

const people = practice(
  ["ann", "ben", "cara", neverReceives("shy"), withoutAccess("locked")],
  [securityGroup("Doctors", ["ann"])],
  [customGroup("night", { users: ["ann", "ben"] })],
);

interface Made {
  readonly by?: UserId;
  readonly with: ReadonlyArray<UserId | readonly [UserId, Membership]>;
  readonly state?: RoomState;
  readonly version?: string;
  readonly direct?: boolean;
}

function classify({
  by = idOf("ann"),
  with: members,
  state = {},
  version = "11",
  direct = false,
}: Made): MadeRoom {
  const room: ActualRoom = {
    roomId: "!made" as RoomId,
    version,
    creator: by,
    state,
    members: new Map(
      [
        [by, "join"] as const,
        ...members.map((each) => (typeof each === "string" ? ([each, "invite"] as const) : each)),
      ].map(([id, membership]) => [id, { membership, forgotten: false }]),
    ),
    direct: new Set(),
  };
  return classifyRoom(people, settings, room, direct);
}

const stranger = "@eve:elsewhere.example" as UserId;
const named = (name: string): RoomState => ({ "m.room.name": { name } });
const ann = u("ann");

describe("a room that a user made", () => {
  const cases: Array<readonly [string, Made, MadeRoom]> = [
    ["with nobody", { with: [] }, { is: "unfinished", asker: ann }],
    ...(["leave", "ban", "knock"] as const).map((gone): readonly [string, Made, MadeRoom] => [
      `for several, one of whom is gone again (${gone}) when it is decided`,
      {
        with: [
          [idOf("ben"), gone],
          [idOf("shy"), "join"],
        ],
        state: named("Ring me"),
      },
      { is: "refused", reason: words.neverReceives("Shy"), asker: ann },
    ]),
    [
      "for several, one of whom is gone again, and the group that holds its maker alone stays",
      { with: [[idOf("ben"), "leave"], groupId("Doctors"), [idOf("shy"), "invite"]] },
      { is: "refused", reason: words.neverReceives("Shy"), asker: ann },
    ],
    ["with somebody who declined", { with: [[idOf("ben"), "leave"]] }, { is: "unfinished", asker: ann }],
    [
      "with a group's handle alone, by somebody who is not in it",
      { by: idOf("ben"), with: [groupId("Doctors")], direct: true },
      { is: "refused", reason: words.notInGroup("Doctors"), asker: u("ben") },
    ],
    [
      "with a custom group's handle alone, by somebody who is not in it",
      { by: idOf("cara"), with: [customId("night")] },
      { is: "refused", reason: words.notInGroup("night"), asker: u("cara") },
    ],
    [
      "with a group's handle alone and a name, by somebody who is not in it",
      { by: idOf("ben"), with: [groupId("Doctors")], state: named("Theatre list") },
      {
        is: "opening",
        asker: u("ben"),
        opening: {
          open: "new-custom",
          selection: { users: [u("ben")], securityGroups: [g("Doctors")], customGroups: [] },
          name: "Theatre list",
        },
        replace: null,
      },
    ],
    ["with the bot alone", { with: [settings.bot] }, { is: "control", asker: ann }],
    [
      "for one person",
      { with: [idOf("ben")], direct: true },
      { is: "opening", asker: ann, opening: { open: "individual", pair: [ann, u("ben")] }, replace: null },
    ],
    [
      "for one person, the bot already in it",
      { with: [idOf("ben"), settings.bot] },
      { is: "opening", asker: ann, opening: { open: "individual", pair: [ann, u("ben")] }, replace: null },
    ],
    [
      "as a direct chat, whatever its name",
      { with: [idOf("ben")], direct: true, state: named("Ben") },
      { is: "opening", asker: ann, opening: { open: "individual", pair: [ann, u("ben")] }, replace: null },
    ],
    [
      "for several, with a name",
      { with: [idOf("ben"), idOf("shy"), groupId("Doctors")], state: named(" Theatre ") },
      {
        is: "opening",
        asker: ann,
        opening: {
          open: "new-custom",
          selection: { users: [u("ben"), u("shy")], securityGroups: [g("Doctors")], customGroups: [] },
          name: "Theatre",
        },
        replace: null,
      },
    ],
    [
      "with a group alone",
      { with: [groupId("Doctors")], direct: true },
      { is: "opening", asker: ann, opening: { open: "group", securityGroup: g("Doctors") }, replace: null },
    ],
    [
      "with a custom group alone",
      { with: [customId("night")] },
      { is: "opening", asker: ann, opening: { open: "custom", group: c("night") }, replace: null },
    ],
    [
      "encrypted",
      { with: [idOf("ben")], state: { "m.room.encryption": { algorithm: "m.megolm.v1.aes-sha2" } } },
      {
        is: "opening",
        asker: ann,
        opening: { open: "individual", pair: [ann, u("ben")] },
        replace: "encrypted",
      },
    ],
    [
      "of another version",
      { with: [idOf("ben")], version: "12" },
      {
        is: "opening",
        asker: ann,
        opening: { open: "individual", pair: [ann, u("ben")] },
        replace: "version",
      },
    ],
    ["closed already", { with: [idOf("ben")], state: { "m.room.tombstone": {} } }, { is: "closed" }],
  ];
  for (const [what, made, becomes] of cases) {
    it(what, () => expect(classify(made)).to.deep.equal(becomes));
  }

  const refusals: Array<readonly [string, Made, RegExp]> = [
    ["a space", { with: [idOf("ben")], state: { "m.room.create": { type: "m.space" } } }, /Spaces/],
    [
      "a public room",
      { with: [idOf("ben")], state: { "m.room.join_rules": { join_rule: "public" } } },
      /never public/,
    ],
    [
      "a room that the world can read",
      {
        with: [idOf("ben")],
        state: { "m.room.history_visibility": { history_visibility: "world_readable" } },
      },
      /never public/,
    ],
    ["with a stranger", { with: [idOf("ben"), stranger] }, /Only people of this practice/],
    ["with a group that is gone", { with: [groupId("Gone")] }, /no longer exists/],
    ["with one who never receives", { with: [idOf("shy")], direct: true }, /direct messages/],
    [
      "with one who never receives, by a name",
      { with: [idOf("shy")], state: named("Us") },
      /direct messages/,
    ],
    ["by one without access", { by: idOf("locked"), with: [idOf("ben")] }, /do not have access/],
    [
      "with the bot, by one without access",
      { by: idOf("locked"), with: [settings.bot] },
      /do not have access/,
    ],
    ["by a stranger", { by: stranger, with: [idOf("ben")] }, /Only people of this practice/],
    ["by a handle", { by: groupId("Doctors"), with: [idOf("ben")] }, /Only people of this practice/],
  ];
  for (const [what, made, reason] of refusals) {
    it(`refused: ${what}`, () => {
      const is = classify(made);
      expect(is.is).to.equal("refused");
      if (is.is === "refused") expect(is.reason).to.match(reason);
    });
  }
});

describe("a room that people who were not invited could join, find or read", () => {
  const open: Array<readonly [string, RoomState]> = [
    ...["public", "knock", "restricted", "knock_restricted", "private", "x.invented"].map(
      (rule) => [rule, { "m.room.join_rules": { join_rule: rule } }] as const,
    ),
    ["readable by all", { "m.room.history_visibility": { history_visibility: "world_readable" } }],
    ["with an alias", { "m.room.canonical_alias": { alias: "#x:clinic.example" } }],
    ["with other aliases", { "m.room.canonical_alias": { alt_aliases: ["#x:clinic.example"] } }],
  ];
  for (const [what, state] of open)
    it(`is refused, even with nobody in it: ${what}`, () => {
      expect(classify({ with: [idOf("ben"), idOf("cara")], state }).is).to.equal("refused");
      expect(classify({ with: [], state }).is).to.equal("refused");
    });

  it("is not one without such state, or once its alias is removed", () => {
    const state = { "m.room.join_rules": { join_rule: "invite" }, "m.room.canonical_alias": {} };
    expect(classify({ with: [idOf("ben")], state }).is).to.equal("opening");
  });
});
