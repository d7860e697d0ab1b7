import { expect } from "chai";
import { MatrixRefused, path } from "../../../src/appservice/homeserver/homeserver.ts";
import { describeError } from "../../../src/wiring/describe-error.ts";

describe("errors in the log", () => {
  const SECRETS = ["priya", "Priya", "Nair", "secret", "practice.example", "Kowalski"];
  const call = { method: "POST", path: path`/v3/rooms/${"!secret:practice.example"}/invite` } as const;
  const withCause = new Error("it failed", { cause: new Error('no such user "Kowalski"') });

  for (const [name, error] of [
    [
      "a refusal of Synapse's",
      new MatrixRefused(call, 403, "M_FORBIDDEN", "@ht_priya:practice.example is not in"),
    ],
    [
      "a refusal of ours",
      new MatrixRefused(call, 403, "M_FORBIDDEN", "Priya Nair does not receive messages"),
    ],
    ["ids in a sentence", new Error("User @ht_priya:practice.example not in room !secret:practice.example")],
    [
      "events and aliases",
      new Error("no $secret in #priya:practice.example (mxc://practice.example/secret)"),
    ],
    [
      "PostgreSQL",
      Object.assign(new Error('invalid input for type json: "Priya"'), { detail: "(Nair)", code: "22P02" }),
    ],
    ["an address", new Error("cannot write to priya@practice.example, 'Priya Nair', “Nair” or ‘Kowalski’")],
    ["a cause", withCause],
    ["no error", { message: "Priya" }],
    ["a text", "Priya"],
  ] as const) {
    it(`name no one: ${name}`, () => {
      const text = JSON.stringify(describeError(error));
      // Without the frames, which contain paths of this machine.
      const said = text.replace(/"stack":\[[^\]]*\]/g, "");
      for (const secret of SECRETS) expect(said).to.not.contain(secret);
    });
  }

  it("say what happened and where", () => {
    const { type, message, code, stack, cause } = describeError(
      Object.assign(new TypeError("x is not a function", { cause: new Error("why") }), { code: "E_X" }),
    );
    expect({ type, message, code }).to.deep.equal({
      type: "TypeError",
      message: "x is not a function",
      code: "E_X",
    });
    expect(stack).to.satisfy(
      (frames: string[]) => frames.length > 0 && frames.every((each) => /^ {4}at /.test(each)),
    );
    expect(cause).to.include({ type: "Error", message: "why" });
  });

  it("end when a cause is its own cause", () => {
    const error = new Error("round and round");
    error.cause = error;
    expect(JSON.stringify(describeError(error)).length).to.be.below(10_000);
  });
});
