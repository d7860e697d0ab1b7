import { expect } from "chai";
import { z } from "zod";
import { parseInput } from "../../../src/api/kernel/input.ts";
import { Problem } from "../../../src/api/kernel/problem.ts";
import { readDirectory } from "../../../src/directory/input/read.ts";
import { openDatabase } from "../../../src/store/database.ts";
import { productRoutes, SETTINGS } from "../../support/http/api.ts";

/** Whatever is wrong with a request to any route, the sentences are Whisper's own and never the validator's. */

const WRONG: readonly unknown[] = [
  undefined,
  null,
  "",
  " ",
  "x",
  "x".repeat(100_000),
  "a\nb",
  "\ud800",
  "2026-02-30T00:00:00Z",
  "0001-01-01T00:00:00Z",
  "-1",
  "9999999999",
  0,
  -1,
  1.5,
  1e300,
  true,
  [],
  [1],
  [null],
  [""],
  ["x".repeat(300)],
  Array.from({ length: 20_001 }, () => "x"),
  {},
  { more: 1 },
];
const VALIDATORS =
  /expected|received|invalid input|invalid (option|string|format)|too (small|big)|unrecogni[sz]ed|\bregex|pattern|>=|<=|undefined|NaN/i;

describe("the sentences for invalid requests", () => {
  // No connection is made: checking a request needs no database.
  const routes = productRoutes(openDatabase({ url: "postgres://127.0.0.1:1/none" }));

  const said = (work: () => unknown): readonly string[] => {
    try {
      work();
      return [];
    } catch (error) {
      if (error instanceof Problem) return error.errors.map(({ message }) => message);
      throw error;
    }
  };
  const mustBeOurs = (messages: readonly string[], where: string) => {
    for (const message of messages) {
      expect(message, where).not.to.match(VALIDATORS);
      expect(message, where).to.match(/^[A-Z].*[^ ]$/);
    }
  };

  /** A value of an object schema in which one field, however deep, is wrong. */
  function* wrongly(schema: z.core.$ZodType, depth = 0): Generator<unknown> {
    yield* WRONG;
    if (depth > 3) return;
    const { listOf } = z.globalRegistry.get(schema) ?? {};
    if (listOf instanceof z.ZodType) for (const item of wrongly(listOf, depth + 1)) yield [item];
    if (schema instanceof z.ZodObject) {
      for (const [name, field] of Object.entries<z.core.$ZodType>(schema.shape)) {
        for (const value of wrongly(field, depth + 1)) yield { [name]: value };
      }
    }
    if (schema instanceof z.ZodPipe) yield* wrongly(schema.def.in, depth + 1);
    if (
      schema instanceof z.ZodOptional ||
      schema instanceof z.ZodNullable ||
      schema instanceof z.ZodDefault ||
      schema instanceof z.ZodPrefault
    ) {
      yield* wrongly(schema.def.innerType, depth + 1);
    }
  }

  for (const route of routes) {
    it(`${route.method} ${route.path}`, () => {
      let wrong = 0;
      for (const part of ["params", "query", "body"] as const) {
        const schema = route[part];
        if (!schema) continue;
        for (const value of wrongly(schema)) {
          const messages = said(() => parseInput({ body: schema }, { params: {}, query: {}, body: value }));
          mustBeOurs(messages, `${part} ${JSON.stringify(value)?.slice(0, 80)}`);
          if (messages.length > 0) wrong += 1;
        }
      }
      if (route.params || route.query || route.body) expect(wrong).to.be.above(0);
    });
  }

  it("the records of a directory", () => {
    const nothing = { users: new Map(), groups: new Map() };
    const problems = WRONG.flatMap((value) => {
      const records = (good: Record<string, unknown>, fields: readonly string[]) =>
        fields.map((field) => ({ ...good, [field]: value }));
      const users = records({ username: "a", name: "A" }, Object.keys(USER));
      const security_groups = records({ id: "g", name: "G" }, [
        "id",
        "name",
        "permissions",
        "members",
        "more",
      ]);
      return readDirectory(
        SETTINGS,
        { users: [value, ...users], security_groups: [value, ...security_groups] },
        nothing,
      ).problems;
    });
    expect(problems).to.have.length.above(200);
    mustBeOurs(
      problems.map(({ message }) => message),
      "directory",
    );
  });

  const USER = {
    username: 1,
    name: 1,
    role: 1,
    email: 1,
    mobile: 1,
    active: 1,
    permissions: 1,
    doctor: 1,
    locations: 1,
    x: 1,
  };
});
