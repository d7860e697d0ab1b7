import { expect } from "chai";
import type { MatrixEvent } from "matrix-js-sdk";
import pg from "pg";
import { mustCallApi } from "../../../dev/clients/api.ts";
import type { Person } from "../../../dev/clients/person.ts";
import { bodyOf } from "../../../dev/clients/room-events.ts";
import { arrivalsRoom, expectGone, isNoticeOf } from "../../support/stack/arrival-room.ts";
import { settled } from "../../support/stack/settled.ts";
import { freshStack, type TestStack } from "../../support/stack/stack.ts";
import { hire, putBooking, putGroup, roomOfKind, textsOf, unique } from "../../support/stack/staff.ts";

const AFTER = "3s";
const BACKUP = "dr.backup";
const RECEPTION = "Front desk";

describe("Arrivals that nobody answers", function () {
  this.timeout(180_000);
  let stack: TestStack;
  const [mia, jones, rita] = [unique("mia"), unique("dr.jones"), unique("rita")];
  const people = new Map<string, Person>();

  before(async () => {
    stack = await freshStack({
      env: {
        WHISPER_ARRIVALS__ESCALATION: JSON.stringify([
          { after: AFTER, backup: BACKUP, reception: RECEPTION },
          { location: "Quiet place", after: "1h" },
        ]),
      },
    });
    for (const [username, doctor] of [
      [mia, false],
      [jones, true],
      [BACKUP, true],
      [rita, false],
    ] as const) {
      people.set(username, await hire(stack, username, { doctor }));
    }
    await putGroup(stack, RECEPTION, [rita]);
    await arrivalsRoom(at(jones));
    await settled(stack);
  });
  after(() => stack?.stop());

  function at(username: string): Person {
    const person = people.get(username);
    if (person === undefined) throw new Error(`${username} was not hired`);
    return person;
  }

  const noticeFor = (username: string, booking: string): Promise<MatrixEvent> =>
    at(username).waitForEvent(
      `the notice of ${booking}`,
      (event) => isNoticeOf(booking)({ content: event.getContent() }),
      30_000,
    );

  it("ask again, then the backup, then reception, and end in telling whoever marked them that nobody answered", async () => {
    const booking = unique("b");
    await putBooking(stack, booking, { doctor: jones, changed_by: mia });
    const mine = await noticeFor(jones, booking);
    const nudge = await at(jones).waitForText("has been waiting for");
    expect(nudge.getRelation() ?? nudge.getWireContent()["m.relates_to"]).to.deep.include({
      "m.in_reply_to": { event_id: mine.getId() },
    });
    expect(bodyOf(await noticeFor(BACKUP, booking))).to.match(/asked again at \d\d:\d\d · Dr Backup told at/);
    expect(bodyOf(await noticeFor(rita, booking))).to.match(/Front desk told at \d\d:\d\d$/);
    const control = await roomOfKind(at(mia), "control");
    await at(mia).waitForText(
      /^J\.A\. \(Patient .*\) has arrived for .*, and nobody has answered/,
      control.roomId,
      30_000,
    );
    const edits = (await textsOf(at(jones), mine.getRoomId() ?? "")).filter((text) =>
      text.includes("* J.A."),
    );
    expect(edits.at(-1)).to.match(
      /asked again at .* · Dr Backup told at .* · Front desk told at .* · nobody had answered by/,
    );
    // Anyone who was called in can settle it.
    const theirs = await noticeFor(rita, booking);
    // Looked up now: after the redaction nobody can tell what it was about.
    const backups = await noticeFor(BACKUP, booking);
    await at(rita).react(theirs.getRoomId() ?? "", theirs.getId() ?? "", "✅");
    await expectGone(at(rita), theirs.getRoomId() ?? "", theirs.getId() ?? "");
    await expectGone(at(BACKUP), backups.getRoomId() ?? "", backups.getId() ?? "");
    await settled(stack);
    const after = await textsOf(at(jones), mine.getRoomId() ?? "");
    expect(after.at(-1)).to.match(/answered by Rita/);
  });

  it("are not asked again once they are acknowledged", async () => {
    const booking = unique("b");
    await putBooking(stack, booking, { doctor: jones, changed_by: mia });
    const notice = await noticeFor(jones, booking);
    await at(jones).react(notice.getRoomId() ?? "", notice.getId() ?? "", "✅");
    await expectGone(at(jones), notice.getRoomId() ?? "", notice.getId() ?? "");
    await settled(stack);
    const texts = await textsOf(at(BACKUP), (await arrivalsRoom(at(BACKUP))).roomId);
    expect(texts.filter((text) => text.includes(booking))).to.deep.equal([]);
  });

  it("are cleared into the history when their day is over", async () => {
    const booking = unique("b");
    await putBooking(stack, booking, { doctor: jones, changed_by: mia, location: "Quiet place" } as never);
    const notice = await noticeFor(jones, booking);
    await aDayLater(booking);
    await expectGone(at(jones), notice.getRoomId() ?? "", notice.getId() ?? "");
    const list = await mustCallApi(stack, "GET", `/api/v1/arrivals?doctor=${jones}&limit=1`);
    expect(JSON.stringify(list)).to.include('"reason":"stale"');
    await at(jones).sendText(notice.getRoomId() ?? "", "history");
    const history = await at(jones).waitForText("Arrivals that you have acknowledged");
    expect(bodyOf(history).split("\n")[1]).to.match(new RegExp(`Patient ${booking} .*not acknowledged`));
  });

  /** Does what cron does, without waiting for the hour: the booking's arrival was a day ago. */
  async function aDayLater(booking: string): Promise<void> {
    const client = new pg.Client(stack.databaseUrl);
    await client.connect();
    try {
      await client.query(
        `WITH one AS (SELECT arrival_id AS id FROM arrival_bookings WHERE booking_id = $1),
         told AS (UPDATE arrivals a SET told_at = a.told_at - interval '1 day' FROM one WHERE a.id = one.id)
         UPDATE arrival_notices n SET told_at = n.told_at - interval '1 day' FROM one WHERE n.arrival_id = one.id`,
        [booking],
      );
      await client.query("SELECT graphile_worker.add_job('arrivals_stale')");
      await settled(stack);
    } finally {
      await client.end();
    }
  }
});
