import { expect } from "chai";
import fc from "fast-check";
import { z } from "zod";
import type { Route } from "../../../src/api/kernel/route.ts";
import { productRoutes, startTestApi, type TestApi } from "../../support/http/api.ts";

/** Whatever is sent to any route, the answer is never a 500, and always one that the route declares. */
describe("any input at every route", function () {
  this.timeout(120_000);
  let api: TestApi;
  before(async () => {
    api = await startTestApi({ rateLimit: { requests: 1_000_000, windowMs: 60_000 } });
  });
  beforeEach(async () => {
    const users = [
      { username: "anna", name: "Anna" },
      { username: "ben", name: "Ben" },
    ];
    await api.call("PUT", "/api/v1/directory?allow_mass_deactivation=true", { users, security_groups: [] });
  });
  after(() => api.close());

  const ODD = [
    "",
    " ",
    "\0",
    "a\0b",
    "\ud800",
    "\u2028",
    "anna",
    "ben",
    "ANNA",
    "Default",
    "default",
    "grp_x",
    "whisper",
    "__proto__",
    "constructor",
    "é".repeat(80),
    "x".repeat(300),
    "x".repeat(5_000),
    "%00",
    "..",
    "/",
    "null",
    "-1",
    "0",
    "1e9",
    "9".repeat(40),
    "NaN",
    "true",
    "2026-03-02T09:30:00+11:00",
    "2026-02-30T00:00:00Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999999-23:59",
    "infinity",
  ];
  const odd = fc.constantFrom(...ODD);
  const text = fc.oneof(odd, fc.string(), fc.string({ unit: "binary" }));
  const scalar = fc.oneof(
    text,
    fc.integer(),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.maxSafeInteger(),
  );
  const anything = fc.oneof(
    { weight: 3, arbitrary: scalar },
    { weight: 1, arbitrary: fc.array(scalar, { maxLength: 4 }) },
    { weight: 1, arbitrary: fc.json({ maxDepth: 3 }).map((json): unknown => JSON.parse(json)) },
  );

  /** Plausible values for a field. Only those that its schema accepts are used. */
  const sensible = [
    ...ODD,
    "carl",
    "Carl Ober",
    "carl@practice.example",
    "12345",
    "a,{}\"'\\\\",
    "名前",
    "100",
    true,
    false,
    7,
    "2026-03-02T09:30:00Z",
  ];
  const fitting = (schema: z.core.$ZodType) => {
    const fit = sensible.filter((value) => z.safeParse(schema, value).success);
    return fit.length === 0 ? text : fc.constantFrom<unknown>(...fit);
  };

  /** Values of the shape that a schema describes. If `wild`, they are wrong now and then. */
  function like(schema: z.core.$ZodType, wild: boolean): fc.Arbitrary<unknown> {
    const shape = shapeOf(schema, wild);
    return wild ? fc.oneof({ weight: 6, arbitrary: shape }, { weight: 1, arbitrary: anything }) : shape;
  }
  function shapeOf(schema: z.core.$ZodType, wild: boolean): fc.Arbitrary<unknown> {
    const { listOf } = z.globalRegistry.get(schema) ?? {};
    if (listOf instanceof z.ZodType) return fc.array(like(listOf, wild), { maxLength: 3 });
    if (schema instanceof z.ZodObject) {
      const fields = Object.entries<z.core.$ZodType>(schema.shape);
      const known = Object.fromEntries(fields.map(([name, field]) => [name, like(field, wild)]));
      const requiredKeys = fields
        .filter(([, field]) => !z.safeParse(field, undefined).success)
        .map(([name]) => name);
      const whole = fc.record(known, { requiredKeys });
      const more = fc
        .tuple(whole, fc.dictionary(text, scalar, { maxKeys: 2 }))
        .map(([one, other]) => ({ ...one, ...other }));
      return wild ? fc.oneof({ weight: 8, arbitrary: whole }, { weight: 1, arbitrary: more }) : whole;
    }
    if (schema instanceof z.ZodArray) return fc.array(like(schema.def.element, wild), { maxLength: 3 });
    if (schema instanceof z.ZodEnum) return fc.constantFrom(...schema.options);
    if (schema instanceof z.ZodPipe && hasParts(schema.def.in)) return like(schema.def.in, wild);
    if (
      schema instanceof z.ZodOptional ||
      schema instanceof z.ZodNullable ||
      schema instanceof z.ZodDefault ||
      schema instanceof z.ZodPrefault
    ) {
      if (hasParts(schema.def.innerType)) return like(schema.def.innerType, wild);
    }
    return fitting(schema);
  }
  function hasParts(schema: z.core.$ZodType): boolean {
    if (z.globalRegistry.get(schema)?.listOf !== undefined) return true;
    if (schema instanceof z.ZodObject || schema instanceof z.ZodArray) return true;
    if (schema instanceof z.ZodPipe) return hasParts(schema.def.in);
    return (
      (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) && hasParts(schema.def.innerType)
    );
  }
  const both = (schema: z.core.$ZodType) => fc.oneof(like(schema, false), like(schema, true));

  /** Some generated values cannot be converted to text: `{ toString: 0 }`. */
  const textOf = (value: unknown) => (typeof value === "object" ? JSON.stringify(value) : String(value));
  const addressOf = (route: Route, params: Record<string, unknown>, query: Record<string, unknown>) => {
    const encoded = (value: unknown) => encodeURIComponent(textOf(value).toWellFormed()) || "%20";
    const path = route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encoded(params[name] ?? "anna"));
    const search = Object.entries(query).map(([name, value]) => `${encoded(name)}=${encoded(value)}`);
    return search.length === 0 ? path : `${path}?${search.join("&")}`;
  };
  const record = (schema: z.ZodObject | undefined) =>
    (schema ? both(schema) : fc.constant({})).map(
      (value): Record<string, unknown> =>
        typeof value === "object" && value !== null ? { ...value } : { value },
    );

  for (const route of productRoutes({} as never)) {
    it(`${route.method} ${route.path}`, async () => {
      const seen = new Map<number, number>();
      await fc.assert(
        fc.asyncProperty(
          record(route.params),
          record(route.query),
          route.body ? both(route.body) : fc.oneof(fc.constant({}), anything),
          fc.option(fc.constantFrom("k", "l", "", "a b"), { nil: null, freq: 3 }),
          async (params, query, body, key) => {
            const json = Buffer.from(JSON.stringify(body) ?? "", "utf8");
            const answer = await api.raw({
              method: route.method,
              path: addressOf(route, params, query),
              headers: {
                ...(route.method === "GET"
                  ? {}
                  : { "content-type": "application/json", "content-length": String(json.length) }),
                ...(key === null ? {} : { "idempotency-key": key }),
              },
              ...(route.method === "GET" ? {} : { body: json }),
            });
            seen.set(answer.status, (seen.get(answer.status) ?? 0) + 1);
            expect(answer.status, answer.text + api.lines.slice(-2).join("")).to.be.below(500);
            if (answer.status >= 400 && route.path.startsWith("/api/")) {
              expect(answer.headers.get("content-type")).to.match(/^application\/problem\+json/);
              expect(answer.body.status).to.equal(answer.status);
            }
            if (answer.status === 400 && route.path.startsWith("/api/"))
              expect(answer.body.errors).to.be.an("array").that.is.not.empty;
          },
        ),
        { numRuns: Number(process.env.WHISPER_RUNS ?? 150) },
      );
      // Without a success, only the schema has been tested.
      if (Object.keys(route.responses).some((status) => Number(status) < 300)) {
        console.log(
          `        (${[...seen]
            .sort()
            .map(([status, times]) => `${status}: ${times}`)
            .join(", ")})`,
        );
      }
    });
  }

  it("never makes the database the first to find an error", () => {
    expect(api.lines.filter((line) => line.includes("request failed"))).to.deep.equal([]);
  });
});
