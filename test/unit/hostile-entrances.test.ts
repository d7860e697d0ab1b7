import { expect } from "chai";
import { z } from "zod";
import { id, moment, placedMoment } from "../../src/api/kernel/fields.ts";
import { parseInput } from "../../src/api/kernel/input.ts";
import { idOfKey } from "../../src/api/kernel/keys.ts";
import { Problem } from "../../src/api/kernel/problem.ts";
import { sortRequest } from "../../src/appservice/gate/passage/request-path.ts";
import { path, patternOf } from "../../src/appservice/homeserver/homeserver.ts";
import { storableJson } from "../../src/base/storable.ts";
import { readDirectory } from "../../src/directory/input/read.ts";
import { directorySchema, userSchema } from "../../src/directory/input/schema.ts";
import type { Directory, PracticeSettings, UserId } from "../../src/policy/model.ts";
import { cannotBeGroupName, nameKey, tidyGroupName } from "../../src/policy/names/group-names.ts";
import { initialsOf } from "../../src/policy/names/initials.ts";
import { cannotBeUsername, unescapeLocalpart, usernameOf } from "../../src/policy/names/names.ts";
import { describeError } from "../../src/wiring/describe-error.ts";
import { expectLinear, repeated } from "../support/growth.ts";

const SETTINGS: PracticeSettings = {
  practiceName: "Test practice",
  customGroupsEditedBy: "members",
  serverName: "practice.test",
  userPrefix: "ht_",
  bot: "@whisper:practice.test" as UserId,
};
const NOBODY: Directory = { users: new Map(), securityGroups: new Map(), customGroups: new Map() };
const template = path`/_matrix/client/v3/rooms/${"x"}/state/${"y"}/`;

/** Maximum characters in a request's path (node:http: all headers together), and in a field before it is refused. */
const PATH = 16_384;
const FIELD = 65_536;
/** Maximum characters in a name, by the API's schemas. */
const NAME = 255;

const PIECES = [
  "a",
  " ",
  "/",
  "%2f",
  "%",
  "../",
  "a:",
  "@",
  "a@",
  ".",
  "a.",
  "-",
  "=",
  "=61",
  "0",
  "2026-",
  "'",
  '"',
  "“",
  "\u0301",
  "ß",
  "\ud800",
  "\0",
  "（",
];
const refused = (work: () => unknown): void => {
  try {
    work();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
  }
};
const fields = z.strictObject({ id: id(), at: moment(), placed: placedMoment(), user: userSchema });

const ENTRANCES: Readonly<Record<string, { most: number; enter: (text: string) => unknown }>> = {
  "the path of a request at the gate": {
    most: PATH,
    enter: (text) => [
      sortRequest("GET", `/_matrix/client/v3/rooms/${text}/event/${text}`),
      sortRequest("GET", `/_matrix/client/v1/media/download/${text}`),
      sortRequest("POST", `/_matrix/${text}?${text}`),
    ],
  },
  "the fields of a call of the API": {
    most: FIELD,
    enter: (text) =>
      refused(() =>
        parseInput(
          { body: fields },
          {
            params: {},
            query: {},
            body: {
              id: text,
              at: text,
              placed: text,
              user: { username: text, name: text, role: text, email: `${text}@${text}`, mobile: text },
            },
          },
        ),
      ),
  },
  "a key of the API": { most: PATH, enter: (text) => idOfKey(`whk_${text}`) },
  "a name in the directory": {
    most: NAME,
    enter: (text) => [
      cannotBeUsername(SETTINGS, text),
      unescapeLocalpart(text),
      usernameOf(SETTINGS, `@ht_${text}:practice.test` as UserId, NOBODY),
    ],
  },
  "the name of a group": {
    most: NAME,
    enter: (text) => [tidyGroupName(text), nameKey(text), cannotBeGroupName(NOBODY, text)],
  },
  "the name of a patient": { most: NAME, enter: initialsOf },
  "the path of a call of Synapse": {
    most: FIELD,
    enter: (text) => [patternOf(template.replace("x", text)), patternOf(text)],
  },
  "an error in the log": { most: FIELD, enter: (text) => describeError(new Error(text)) },
  "an event that is stored": { most: FIELD, enter: (text) => storableJson({ [text]: [text] }) },
};

describe("hostile text at an entrance", () => {
  for (const [what, { most, enter }] of Object.entries(ENTRANCES)) {
    it(`takes time in proportion to its length: ${what}`, async () => {
      for (const piece of PIECES) {
        await expectLinear(most, (size) => repeated(piece, size), enter).catch((error: unknown) => {
          throw new Error(`${JSON.stringify(piece)}: ${error instanceof Error ? error.message : error}`);
        });
      }
    });
  }

  it("takes time in proportion to its length: a directory file", async () => {
    const users = (size: number) => ({
      users: Array.from({ length: size }, (_, index) => ({
        username: `${index} ${"É".repeat(100)}`,
        name: "x".repeat(255),
        locations: Array.from({ length: 10 }, (_, place) => `place ${place}`),
      })),
      security_groups: [
        { id: "all", name: "All", members: Array.from({ length: size }, (_, index) => `${index}`) },
      ],
    });
    await expectLinear(500, users, (sent) => {
      const parsed = directorySchema.parse(sent);
      const nothing = { users: new Map(), groups: new Map() };
      expect(readDirectory(SETTINGS, parsed, nothing).problems.length).to.be.greaterThan(0);
    });
  });
});
