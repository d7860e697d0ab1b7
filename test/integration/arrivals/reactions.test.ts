import { expect } from "chai";
import * as words from "../../../src/arrivals/notices/words.ts";
import type { EventId } from "../../../src/policy/model.ts";
import { type Practice, textOf } from "../../support/practice/arrivals.ts";
import { openToldDoctor, type ToldDoctor } from "../../support/practice/told-doctor.ts";

const QUOTE = "> A.J. has arrived · 10:30 appointment · Main St · Patient 12345";

describe("a reaction to a notice", () => {
  let practice: Practice;
  let notice: EventId;
  let write: ToldDoctor["write"];
  let state: ToldDoctor["state"];
  beforeEach(async () => {
    ({ practice, notice, write, state } = await openToldDoctor());
  });
  afterEach(() => practice.close());

  const told = async () =>
    (await practice.sent("arrivals:dr.jones")).flatMap(({ ref, content }) =>
      ref.startsWith("arrival-answer:") ? [content.body] : [],
    );
  const passedOn = () => practice.sent("individual:dr.jones:mia.chen");

  for (const [what, go] of [
    ["✅", () => practice.react("dr.jones", notice, "✅")],
    ["the booking was cancelled", () => practice.put({ status: "cancelled" })],
  ] as const)
    it(`is passed on as a quick answer just after ${what}`, async () => {
      await go();
      const before = await state();
      await practice.react("dr.jones", notice, "🚪");
      const [message] = await passedOn();
      expect(message && textOf(message)).to.equal(`${QUOTE}\n\nPlease send them in.`);
      expect(await state()).to.deep.equal(before);
    });

  for (const key of ["👍🏽", "✔️", "🕘", "on my way"])
    it(`that is no button is answered, since nobody sees it: ${key}`, async () => {
      await practice.react("dr.jones", notice, key);
      expect(await told()).to.deep.equal([words.notAButton]);
      expect(await passedOn()).to.deep.equal([]);
      expect(await state()).to.deep.equal(["waiting"]);
    });

  it("that is no button is not answered if its notice is gone, or it is about no notice", async () => {
    const own = await write("Hello", null);
    await practice.react("dr.jones", own.event_id, "👍");
    await practice.react("dr.jones", notice, "✅");
    await practice.deliver();
    await practice.react("dr.jones", notice, "👍");
    expect(await told()).to.deep.equal([words.notAReply]);
  });
});
