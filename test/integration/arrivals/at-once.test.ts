import { expect } from "chai";
import fc from "fast-check";
import { BOOKING_STATUSES } from "../../../src/arrivals/rules/booking.ts";
import { clearStale } from "../../../src/arrivals/stale.ts";
import {
  minutes,
  name,
  openPractice,
  type Practice,
  untilSomebodyWaits,
} from "../../support/practice/arrivals.ts";

const OPS = 400;
const AT_ONCE = 12;

const put = fc.record({
  bookingId: fc.constantFrom("b1", "b2", "b3"),
  status: fc.constantFrom(...BOOKING_STATUSES, "arrived" as const, "arrived" as const, "arrived" as const),
  patientId: fc.constantFrom("p1", "p1", "p2"),
  doctor: fc.constantFrom("dr.jones", "dr.smith", "dr.who").map(name),
  location: fc.constantFrom("Main St", "North"),
  appointmentAt: fc.constantFrom(90, 105).map(minutes),
  // Mostly in order, often overtaken.
  jitter: fc.integer({ min: 0, max: 4 }),
});
const happening = fc.oneof(
  { weight: 5, arbitrary: put.map((booking) => ({ kind: "put" as const, booking })) },
  { weight: 3, arbitrary: fc.constantFrom("✅", "⏳", "↩️").map((key) => ({ kind: "click" as const, key })) },
  { weight: 1, arbitrary: fc.constant({ kind: "deliver" as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: "night" as const }) },
);

describe("everything at the same moment", () => {
  let practice: Practice;
  beforeEach(async () => {
    practice = await openPractice();
    for (const doctor of ["dr.jones", "dr.smith"]) await practice.user(doctor, { doctor: true });
    await practice.user("nurse", { alerts: "location", locations: ["North"] });
    await practice.user("mia.chen");
  });
  afterEach(() => practice.close());

  it("leaves rooms, record and bookings in agreement", async () => {
    const { seed } = fc.readConfigureGlobal() ?? {};
    const chosen = seed ?? Date.now() & 0x7fffffff;
    const happenings = fc.sample(happening, { numRuns: OPS, seed: chosen });
    const queue = happenings.map((each, index) => () => carryOut(each, index));
    const worker = async () => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) await next();
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    const where = `seed ${chosen}`;
    expect(await visible(), where).to.deep.equal(await shown());
    expect(await slots(), where).to.deep.equal(await arrivedBookings());
  });

  it("assigns a new booking to one patient only", async () => {
    const both = Array.from({ length: 10 }, (_, index) =>
      ["p1", "p2"].map((patientId, later) =>
        practice.put({
          bookingId: `new${index}`,
          patientId: `${patientId}-${index}`,
          changedAt: minutes(later),
        }),
      ),
    );
    await Promise.all(both.flat());
    expect(await slots()).to.have.length(10);
    expect(await visible()).to.deep.equal(await shown());
  });

  it("keeps an arrival over that is acknowledged while it ends", async () => {
    await practice.put({});
    const [notice] = await practice.deliver();
    let click: Promise<unknown> | undefined;
    await practice.database.transaction(async (tx) => {
      await practice.putIn(tx, { status: "cancelled" });
      click = practice.react("dr.jones", notice?.event_id, "✅");
      await untilSomebodyWaits(practice);
    });
    await click;
    expect((await practice.arrivals())[0]).to.include({ state: "retracted", ended_by: "cancelled" });
    expect(await shown()).to.deep.equal([]);
  });

  async function carryOut(
    each: typeof happening extends fc.Arbitrary<infer T> ? T : never,
    index: number,
  ): Promise<void> {
    switch (each.kind) {
      case "put": {
        const { jitter, ...booking } = each.booking;
        await again(() => practice.put({ ...booking, changedAt: minutes(index - jitter) }));
        return;
      }
      case "click": {
        const notices = (await practice.sent()).filter(
          ({ ref, event_id }) => /:notice$/.test(ref) && event_id !== null,
        );
        const notice = notices.at(-1 - (index % 3));
        const user = notice?.conversation.split(":")[1];
        if (notice && user) await again(() => practice.react(user, notice.event_id, each.key));
        return;
      }
      case "deliver":
        await again(() => practice.deliver());
        return;
      case "night":
        await again(() =>
          clearStale(practice.dependencies, practice.database, new Date(Date.now() + 24 * 3_600_000)),
        );
    }
  }

  /** Retries after a deadlock, as the API and the inbox do. */
  async function again(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof Error) || !/deadlock/.test(error.message)) throw error;
      await again(work);
    }
  }

  /** The notices that a client would see: sent, or about to be, and not redacted. */
  const visible = () =>
    column(`SELECT o.ref AS text FROM outbox o WHERE o.ref ~ '^arrival:.*:notice$' AND o.dropped_at IS NULL
            AND NOT EXISTS (SELECT FROM outbox r WHERE r.target_ref = o.ref AND r.type = 'm.room.redaction')`);
  const shown = () =>
    column(`SELECT format('arrival:%s:%s:%s:notice', arrival_id, posting, username) AS text
            FROM arrival_notices WHERE shown`);
  const slots = () =>
    column(`SELECT concat_ws(' ', s.booking_id, a.patient_id, a.doctor, s.location) AS text
            FROM arrivals a JOIN arrival_bookings s ON s.arrival_id = a.id WHERE a.ended_at IS NULL`);
  /** Bookings with status `arrived`, except those whose arrival has ended without them (see the rules). */
  const arrivedBookings = () =>
    column(`SELECT concat_ws(' ', b.booking_id, b.patient_id, b.doctor, b.location) AS text FROM bookings b
            WHERE b.status = 'arrived' AND EXISTS (SELECT FROM arrivals a JOIN arrival_bookings s ON s.arrival_id = a.id
              WHERE s.booking_id = b.booking_id AND a.ended_at IS NULL)`);

  async function column(sql: string): Promise<string[]> {
    const { rows } = await practice.database.query<{ text: string }>(sql);
    return rows.map(({ text }) => text).sort();
  }
});
