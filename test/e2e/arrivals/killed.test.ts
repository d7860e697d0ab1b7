import { expect } from "chai";
import pg from "pg";
import type { Person } from "../../../dev/clients/person.ts";
import { eventually } from "../../support/eventually.ts";
import {
  acknowledgedBy,
  arrivalsRoom,
  expectGone,
  expectOneNotice,
  noticeWithButtons,
} from "../../support/stack/arrival-room.ts";
import { type Sequence, throughEveryWindow, type Window } from "../../support/stack/kill-windows.ts";
import { settled } from "../../support/stack/settled.ts";
import { freshStack, type TestStack } from "../../support/stack/stack.ts";
import {
  hire,
  historyOf,
  nameOf,
  putBooking,
  roomOfKind,
  textsOf,
  unique,
} from "../../support/stack/staff.ts";

const NAMES = {
  before: "before each call of the homeserver",
  after: "after each call, before its answer is heard",
};

/** A location where nobody is asked again while a test runs. */
const SLOW_STREET = "Slow Street";
const PAST = { pastTheGate: true } as const;

describe("A notice is never lost nor doubled when Whisper is killed by SIGKILL", function () {
  this.timeout(400_000);
  let stack: TestStack;
  const [jones, smith, mia] = [unique("dr.jones"), unique("dr.smith"), unique("mia")];
  let doctor: Person;
  let colleague: Person;
  let receptionist: Person;

  before(async () => {
    stack = await freshStack({
      env: { WHISPER_ARRIVALS__ESCALATION: JSON.stringify([{ location: SLOW_STREET, after: "1h" }]) },
    });
    receptionist = await hire(stack, mia, {}, PAST);
    doctor = await hire(stack, jones, { doctor: true }, PAST);
    colleague = await hire(stack, smith, { doctor: true }, PAST);
    await arrivalsRoom(doctor);
    await arrivalsRoom(colleague);
    // The room's own card comes first. What follows is only the notice.
    const booking = unique("first");
    await putBooking(stack, booking, { doctor: jones, changed_by: mia });
    const { room, notice } = await noticeWithButtons(doctor, booking);
    // The conversation that replies go to exists too.
    await doctor.react(room, notice, "⏳");
    await receptionist.waitForText("Five minutes", undefined, 30_000);
    await doctor.react(room, notice, "✅");
    await expectGone(doctor, room, notice);
  });
  after(() => stack?.stop());

  for (const when of ["before", "after"] as const) {
    it(`while it posts the notice, ${NAMES[when]}`, async () => {
      const killed = await throughEveryWindow(stack, when, {
        prepare: async ({ call }: Window) => unique(`post-${when}-${call}`),
        begin: (booking) => putBooking(stack, booking, { doctor: jones, changed_by: mia }),
        async verify(booking) {
          const { room } = await noticeWithButtons(doctor, booking);
          await expectOneNotice(doctor, room, booking);
        },
      });
      // The notice and its two buttons, at least.
      expect(killed.filter((call) => call.includes("/send/"))).to.have.lengthOf.at.least(3);
    });

    it(`while it takes the notice away after ✅, ${NAMES[when]}`, async () => {
      const killed = await throughEveryWindow(stack, when, {
        async prepare({ call }: Window) {
          const booking = unique(`ack-${when}-${call}`);
          await putBooking(stack, booking, { doctor: jones, changed_by: mia });
          return { booking, ...(await noticeWithButtons(doctor, booking)) };
        },
        begin: ({ room, notice }) => doctor.react(room, notice, "✅"),
        async verify({ room, notice }) {
          await expectGone(doctor, room, notice);
          await acknowledgedBy(stack, jones);
        },
      });
      expect(killed.some((call) => call.includes("/redact/"))).to.equal(true);
    });
  }

  interface Posted {
    readonly booking: string;
    readonly room: string;
    readonly notice: string;
  }
  /** A waiting notice, with its buttons. */
  const posted =
    (what: string, more: object = {}) =>
    async ({ when, call }: Window): Promise<Posted> => {
      const booking = unique(`${what}-${when}-${call}`);
      await putBooking(stack, booking, { doctor: jones, changed_by: mia, ...more });
      return { booking, ...(await noticeWithButtons(doctor, booking)) };
    };

  const reply: Sequence<Posted> = {
    prepare: posted("reply"),
    begin: ({ room, notice, booking }) =>
      doctor.client.sendMessage(room, {
        msgtype: "m.text",
        body: `About ${booking}.`,
        "m.relates_to": { "m.in_reply_to": { event_id: notice } },
      } as never),
    async verify({ booking }) {
      const text = `About ${booking}.`;
      await receptionist.waitForText(text, undefined, 30_000);
      await settled(stack);
      const { roomId } = await roomOfKind(receptionist, "individual", nameOf(jones));
      const said = (await textsOf(receptionist, roomId)).filter((each) => each.endsWith(text));
      expect(said, "replies passed on").to.have.lengthOf(1);
    },
  };

  const reassignment: Sequence<Posted> = {
    prepare: posted("reassign"),
    begin: ({ booking }) => putBooking(stack, booking, { doctor: smith, changed_by: mia }),
    stride: 3,
    async verify({ booking, room, notice }) {
      await expectGone(doctor, room, notice);
      const theirs = await noticeWithButtons(colleague, booking);
      await settled(stack);
      await expectOneNotice(colleague, theirs.room, booking);
    },
  };

  const retraction: Sequence<Posted> = {
    prepare: posted("retract"),
    begin: ({ booking }) =>
      putBooking(stack, booking, { doctor: jones, changed_by: mia, status: "cancelled" }),
    verify: ({ room, notice }) => expectGone(doctor, room, notice),
  };

  const escalation: Sequence<Posted> = {
    prepare: posted("ask", { location: SLOW_STREET }),
    begin: ({ booking }) => askAgainNow(booking),
    async verify({ room, notice, booking }) {
      const relates = ({ "m.relates_to": relation }: Record<string, unknown>): string =>
        JSON.stringify(relation ?? {});
      await doctor.waitForEvent(
        `to be asked again about ${booking}`,
        (event) =>
          event.getType() === "m.room.message" &&
          relates(event.getWireContent()).includes(`to":{"event_id":"${notice}`),
        30_000,
      );
      await settled(stack);
      const about = (await historyOf(doctor, room))
        .filter(({ type }) => type === "m.room.message")
        .map(({ content }) => relates(content))
        .filter((relation) => relation.includes(notice));
      // The notice says so, and the doctor is notified once.
      expect(about.filter((relation) => relation.includes("m.replace"))).to.have.lengthOf(1);
      expect(about.filter((relation) => relation.includes("m.in_reply_to"))).to.have.lengthOf(1);
    },
  };

  /** Makes the time for an answer end now. */
  async function askAgainNow(booking: string): Promise<void> {
    const client = new pg.Client(stack.databaseUrl);
    await client.connect();
    try {
      const { rowCount } = await client.query(
        `SELECT graphile_worker.reschedule_jobs(array_agg(j.id), now())
         FROM graphile_worker._private_jobs j JOIN graphile_worker._private_tasks t ON t.id = j.task_id
         JOIN arrival_bookings b ON b.arrival_id = j.payload->>'arrival_id'
         WHERE t.identifier = 'arrival_escalation' AND b.booking_id = $1`,
        [booking],
      );
      expect(rowCount).to.equal(1);
    } finally {
      await client.end();
    }
  }

  /** The history messages in the room. */
  const historiesIn = async (room: string) =>
    (await textsOf(doctor, room)).filter((text) => text.includes("Arrivals that you have acknowledged"));
  const shows = (room: string, wanted: boolean) =>
    eventually(
      `the history to be ${wanted ? "shown" : "hidden"}`,
      async () => (await historiesIn(room)).length > 0 === wanted,
      30_000,
    );
  const pressHistory = (shownBefore: boolean): Sequence<string> => ({
    async prepare() {
      const { roomId } = await arrivalsRoom(doctor);
      if ((await historiesIn(roomId)).length > 0 !== shownBefore) await doctor.sendText(roomId, "history");
      await shows(roomId, shownBefore);
      return roomId;
    },
    begin: async (room) => doctor.react(room, await cardIn(room), "🕘"),
    async verify(room) {
      await shows(room, !shownBefore);
      await settled(stack);
      expect(await historiesIn(room)).to.have.lengthOf(shownBefore ? 0 : 1);
    },
  });
  const cardIn = (room: string): Promise<string> =>
    doctor.until("the pinned card", () => {
      const pinned: unknown = doctor.client
        .getRoom(room)
        ?.currentState.getStateEvents("m.room.pinned_events", "")
        ?.getContent().pinned;
      return Array.isArray(pinned) && typeof pinned[0] === "string" ? pinned[0] : undefined;
    });

  // A call that was made without Whisper knowing leaves more behind than one that was never made. `npm run chaos` does
  // both.
  for (const when of process.env.EVERY_WINDOW ? (["before", "after"] as const) : (["after"] as const)) {
    const through = async <Subject>(sequence: Sequence<Subject>, call: string) => {
      const killed = await throughEveryWindow(stack, when, sequence);
      expect(
        killed.some((each) => each.includes(call)),
        killed.join("\n"),
      ).to.equal(true);
    };
    it(`while it passes a reply on, ${NAMES[when]}`, () => through(reply, "/send/m.room.message/"));
    it(`while it gives the notice to another doctor, ${NAMES[when]}`, () => through(reassignment, "/send/"));
    it(`while it takes the notice back, ${NAMES[when]}`, () => through(retraction, "/redact/"));
    it(`while it asks again, ${NAMES[when]}`, () => through(escalation, "/send/m.room.message/"));
    it(`while it shows the history, ${NAMES[when]}`, () =>
      through(pressHistory(false), "/send/m.room.message/"));
    it(`while it hides the history, ${NAMES[when]}`, () => through(pressHistory(true), "/redact/"));
  }
});
