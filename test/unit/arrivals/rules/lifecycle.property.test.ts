import { expect } from "chai";
import fc from "fast-check";
import { isAnswered, stateOf } from "../../../../src/arrivals/rules/arrival.ts";
import { happening, put, World } from "../support/world.ts";

const runs = { numRuns: 1_000 };

describe("whatever happens to bookings", () => {
  const holds = (check: (world: World) => void) => () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 60, size: "max" }), (happenings) => {
        const world = new World();
        for (const each of happenings) world.happens(each);
        check(world);
      }),
      runs,
    );
  };

  it(
    "a room holds exactly the notices that are shown, none twice, none left behind",
    holds((world) => {
      const shown = [...world.arrivals.values()].flatMap(({ id, notices }) =>
        notices
          .filter((notice) => notice.shown)
          .map(({ username, posting }) => `${id} ${username} ${posting}`),
      );
      expect([...world.rooms].sort()).to.deep.equal(shown.sort());
    }),
  );

  it(
    "what has ended is shown to nobody, and nobody waits",
    holds((world) => {
      for (const arrival of world.arrivals.values()) {
        if (arrival.ended === null) continue;
        expect(arrival.notices.filter((notice) => notice.shown)).to.deep.equal([]);
        expect(stateOf(arrival)).not.to.be.oneOf(["waiting", "escalated"]);
      }
    }),
  );

  it(
    "what has not ended waits for somebody, was answered, or nobody can be told",
    holds((world) => {
      for (const arrival of world.arrivals.values()) {
        if (arrival.ended !== null) continue;
        const state = stateOf(arrival);
        expect(state).not.to.equal("retracted");
        const someoneWaits = arrival.notices.some(({ shown }) => shown);
        // An answer stands, even if whoever gave it is not told any more: the patient was sent to another location.
        if (!someoneWaits) expect(state).to.be.oneOf(["acknowledged", "replied", "undeliverable"]);
      }
    }),
  );

  it(
    "a step is taken once, and none after it was said that nobody has answered",
    holds((world) => {
      for (const { escalations } of world.arrivals.values()) {
        const kinds = escalations.map(({ kind }) => kind);
        expect(new Set(kinds).size).to.equal(kinds.length);
        if (kinds.includes("nobody")) expect(kinds.at(-1)).to.equal("nobody");
      }
    }),
  );

  it(
    "once it is answered nobody who was called in is still asked",
    holds((world) => {
      for (const arrival of world.arrivals.values()) {
        if (!isAnswered(arrival)) continue;
        const asked = arrival.notices.filter(
          ({ toldAs, username, progress }) =>
            toldAs !== "recipient" && username !== arrival.doctor && progress.state === "waiting",
        );
        expect(asked).to.deep.equal([]);
      }
    }),
  );

  it(
    "a booking is in at most one open arrival, of its own patient and doctor, and only while it is arrived",
    holds((world) => {
      const open = [...world.arrivals.values()].filter((arrival) => arrival.ended === null);
      const slots = open.flatMap((arrival) => arrival.slots.map((slot) => ({ arrival, slot })));
      expect(new Set(slots.map(({ slot }) => slot.bookingId)).size).to.equal(slots.length);
      for (const { arrival, slot } of slots) {
        expect(world.known.get(slot.bookingId)).to.include({
          status: "arrived",
          patientId: arrival.patientId,
          doctor: arrival.doctor,
          location: slot.location,
        });
      }
    }),
  );

  it(
    "one recipient has one notice for an arrival",
    holds((world) => {
      for (const { notices } of world.arrivals.values()) {
        expect(new Set(notices.map(({ username }) => username)).size).to.equal(notices.length);
      }
    }),
  );

  it("the final state does not depend on the order of HealthTrack's messages", () => {
    const many = fc.uniqueArray(put, {
      maxLength: 12,
      selector: (each) => (each.kind === "put" ? each.booking.changedAt.getTime() : 0),
    });
    const two = many.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
    );
    fc.assert(
      fc.property(two, ([one, other]) => {
        const ends = [one, other].map((happenings) => {
          const world = new World();
          // Only one booking, so no other can end its arrival.
          for (const each of happenings) {
            if (each.kind === "put")
              world.happens({ ...each, booking: { ...each.booking, bookingId: "b1" } });
          }
          const waits = [...world.arrivals.values()].find((arrival) => arrival.ended === null);
          return [
            world.known,
            waits && [waits.patientId, waits.doctor, waits.slots.map((slot) => slot.location)],
          ];
        });
        expect(ends[0]).to.deep.equal(ends[1]);
      }),
      runs,
    );
  });
});
