import { expect } from "chai";
import { putBooking } from "../../../../src/arrivals/change-booking.ts";
import type { Practice } from "../../../support/practice/arrivals.ts";
import { RECORD_KEYS } from "../../../support/practice/record-keys.ts";
import { type RecordedEntry, recordedEntries } from "../../../support/practice/recorded.ts";
import { openToldDoctor } from "../../../support/practice/told-doctor.ts";

describe("changes of an arrival, in the record", () => {
  let practice: Practice;
  let notice: string;
  beforeEach(async () => {
    const told = await openToldDoctor();
    practice = told.practice;
    notice = told.notice;
  });
  afterEach(() => practice.close());

  const recorded = () => recordedEntries(practice.database, RECORD_KEYS);
  const stateOf = ({ body }: RecordedEntry) => [
    (body.arrival as { state: string }).state,
    (body.notices as { state: string }[]).map(({ state }) => state),
  ];

  it("are its announcement and its end, each once, with all that was known", async () => {
    await practice.put({ status: "in_session" });
    await practice.put({ status: "in_session" });
    const [arrived, seen, ...others] = await recorded();
    expect(others).to.deep.equal([]);
    expect(arrived).to.deep.include({ type: "arrival", actor: "whisper", late: false });
    expect(arrived && stateOf(arrived)).to.deep.equal(["waiting", ["waiting"]]);
    expect(arrived?.body.arrival).to.deep.include({ patient_id: "12345", marked_by: "mia.chen" });
    expect(seen?.about).to.equal(arrived?.about);
    expect(seen && stateOf(seen)).to.deep.equal(["retracted", ["retracted"]]);
  });

  it("are by the key that sent the booking, and by the recipient who acknowledged", async () => {
    await practice.react("dr.jones", notice as never, "✅");
    expect((await recorded()).at(-1)).to.deep.include({
      actor: "@ht_dr.jones:practice.test",
      onBehalfOf: null,
    });
    const [known] = (await practice.database.query<{ changed_at: Date }>("SELECT changed_at FROM bookings"))
      .rows;
    await practice.database.transaction((tx) =>
      putBooking(
        tx,
        { ...practice.dependencies, by: { is: "key", id: "4f1c" } },
        {
          bookingId: "b2",
          status: "arrived",
          patientId: "777",
          patientName: null,
          doctor: "dr.jones" as never,
          location: null,
          appointmentAt: new Date(),
          utcOffset: null,
          changedBy: null,
          changedAt: known?.changed_at ?? new Date(),
        },
      ),
    );
    expect((await recorded()).at(-1)).to.deep.include({ actor: "key:4f1c" });
  });

  it("are not in clear: nobody learns from the columns which patient came", async () => {
    const { rows } = await practice.database.query<{ row: string }>(
      "SELECT concat(ref, type, actor, room_id, about) AS row FROM record_entries",
    );
    expect(rows.map(({ row }) => row).join())
      .to.not.contain("12345")
      .and.not.contain("Alice");
  });
});
