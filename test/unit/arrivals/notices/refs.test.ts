import { expect } from "chai";
import fc from "fast-check";
import * as refs from "../../../../src/arrivals/notices/refs.ts";
import type { ArrivalId, Notice } from "../../../../src/arrivals/rules/arrival.ts";
import { noticeToPost } from "../../../../src/arrivals/rules/give-notices.ts";
import type { EventId } from "../../../../src/policy/model.ts";
import { minute, named } from "../support/builders.ts";

const arrival = { id: "a-1" as ArrivalId };

describe("the ref of a send about a notice", () => {
  it("leads back to the notice, whatever the username", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: "grapheme" }), fc.nat(), (username, posting) => {
        const notice: Notice = {
          ...noticeToPost(named(username), minute(0)),
          posting,
          edits: 2,
          nudges: 1,
          threads: 1,
        };
        for (const ref of refs.postedRefs(arrival, notice)) {
          expect(refs.noticeBehind(ref)).to.deep.equal({ arrival: "a-1", username, posting });
        }
      }),
    );
  });

  it("is different for each posting, edit, reminder and user", () => {
    const all = [named("a"), named("b"), named("a:1:b")].flatMap((username) =>
      [1, 2].flatMap((posting) =>
        refs.postedRefs(arrival, {
          ...noticeToPost(username, minute(0)),
          posting,
          edits: 2,
          nudges: 2,
          threads: 1,
        }),
      ),
    );
    expect(new Set(all).size).to.equal(all.length);
  });

  for (const ref of [
    refs.tickRef(arrival, { username: named("a"), posting: 1 }, "✅"),
    refs.redactionOf(refs.noticeRef(arrival, { username: named("a"), posting: 1 })),
    refs.passedOnRef("$event" as EventId),
    "alert:1",
  ]) {
    it(`is not the ref of a text under a notice: ${ref}`, () => {
      expect(refs.noticeBehind(ref)).to.equal(null);
    });
  }
});
