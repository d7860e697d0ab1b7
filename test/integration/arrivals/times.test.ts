import { expect } from "chai";
import { startTestApi, type TestApi } from "../../support/http/api.ts";
import { openPractice, type Practice, textOf } from "../../support/practice/arrivals.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const SYDNEY = "Australia/Sydney";

/** `Fri 27 Nov`, with the year if it is not the current one. */
function date(at: Date, timeZone: string): string {
  const year = (moment: Date) => moment.toLocaleString("en-AU", { timeZone, year: "numeric" });
  return at
    .toLocaleDateString("en-AU", {
      timeZone,
      weekday: "short",
      day: "numeric",
      month: "short",
      ...(year(at) === year(new Date()) ? {} : { year: "numeric" }),
    })
    .replaceAll(",", "");
}

describe("the time of an appointment, over HTTP", () => {
  let api: TestApi;
  beforeEach(async () => {
    api = await startTestApi();
    await api.call("PUT", "/api/v1/directory", {
      users: [{ username: "dr.jones", name: "Dr Jones", doctor: true }],
      security_groups: [],
    });
  });
  afterEach(() => api.close());

  const put = (id: string, changes: Record<string, unknown>) =>
    api.call("PUT", `/api/v1/bookings/${id}`, {
      status: "arrived",
      patient_id: id,
      patient_name: "Alice Quokka",
      doctor: "dr.jones",
      changed_by: "mia",
      changed_at: new Date().toISOString(),
      appointment_at: new Date().toISOString(),
      ...changes,
    });
  const notices = async () =>
    (
      await api.database.query<{ body: string }>(
        "SELECT content->>'body' AS body FROM outbox WHERE ref LIKE '%:notice' ORDER BY seq",
      )
    ).rows.map(({ body }) => body);

  for (const [what, days] of [
    ["tomorrow's", 1],
    ["yesterday's", -1],
    ["last month's", -31],
    ["next year's", 366],
  ] as const) {
    it(`has its date if it is ${what}`, async () => {
      const at = new Date(Date.now() + days * DAY);
      await put("b1", { appointment_at: at.toISOString() });
      expect((await notices())[0]).to.match(new RegExp(`· ${date(at, SYDNEY)} \\d\\d:\\d\\d appointment`));
    });
  }

  it("is the time alone today", async () => {
    const now = new Date();
    const time = now.toLocaleTimeString("en-AU", { timeZone: SYDNEY, timeStyle: "short", hourCycle: "h23" });
    await put("b1", { appointment_at: now.toISOString() });
    expect((await notices())[0]).to.contain(`has arrived · ${time} appointment`);
  });

  for (const [sent, shown] of [
    ["2026-03-02T10:30:00+08:00", "Mon 2 Mar (2026 )?10:30"],
    ["2026-03-02T10:30:00+09:30", "Mon 2 Mar (2026 )?10:30"],
    ["2026-03-02T23:30:00+08:00", "Mon 2 Mar (2026 )?23:30"],
    ["2026-03-02T10:30:00+11:00", "Mon 2 Mar (2026 )?10:30"],
    // In UTC, which does not say where the practice is.
    ["2026-03-02T10:30:00Z", "Mon 2 Mar (2026 )?21:30"],
    ["2026-03-02T10:30:00+00:00", "Mon 2 Mar (2026 )?21:30"],
    ["9999-12-31T23:00:00+11:00", "Fri 31 Dec 9999 23:00"],
    ["1900-01-02T10:30:00+11:00", "Tue 2 Jan 1900 10:30"],
  ] as const) {
    it(`sent as ${sent} is shown as ${shown}`, async () => {
      expect((await put("b1", { appointment_at: sent })).status).to.equal(200);
      expect((await notices())[0]).to.match(new RegExp(`· ${shown} appointment`));
    });
  }

  for (const sent of ["0001-01-01T00:00:00Z", "99999-01-01T00:00:00Z", "tomorrow"]) {
    it(`sent as ${sent} is refused`, async () => {
      const { status, body } = await put("b1", { appointment_at: sent });
      expect(status).to.equal(400);
      expect(body.errors[0]).to.include({ path: "appointment_at" });
    });
  }

  it("of a change more than five minutes ahead of Whisper's clock is refused, and blocks nothing", async () => {
    for (const ahead of [6 * MINUTE, DAY, 36 * 365 * DAY]) {
      const { status, body } = await put("b1", { changed_at: new Date(Date.now() + ahead).toISOString() });
      expect(status).to.equal(400);
      expect(body.detail).to.match(/^changed_at: Is more than five minutes ahead of Whisper's clock/);
    }
    expect(
      (await put("b1", { changed_at: new Date(Date.now() + 4 * MINUTE).toISOString() })).body.applied,
    ).to.equal(true);
    expect(await notices()).to.have.lengthOf(1);
  });
});

describe("the time of an appointment at a site in another zone", () => {
  let practice: Practice;
  beforeEach(async () => {
    practice = await openPractice({
      zone: {
        timezone: SYDNEY,
        locations: new Map([["broken hill", { timezone: "Australia/Broken_Hill" }]]),
      },
    });
    await practice.user("dr.jones", { doctor: true });
    await practice.user("mia.chen");
  });
  afterEach(() => practice.close());

  const notice = async () => {
    const sent = (await practice.sent("arrivals:dr.jones")).findLast(({ type }) => type === "m.room.message");
    return sent && textOf(sent);
  };
  // 10:30 in Sydney.
  const utcOffset = 660;

  it("is the site's, however its name is written and whatever the offset", async () => {
    await practice.put({ location: " BROKEN Hill", utcOffset });
    expect(await notice()).to.contain("has arrived · 10:00 appointment");
  });

  it("is what was sent for other sites, and follows a correction of the site", async () => {
    await practice.put({ location: "Perth", utcOffset: 480 });
    expect(await notice()).to.contain("has arrived · 07:30 appointment");
    await practice.put({ location: "Broken Hill", utcOffset: 480 });
    expect(await notice()).to.contain("has arrived · 10:00 appointment");
  });

  it("is the practice's if no offset was sent", async () => {
    await practice.put({});
    expect(await notice()).to.contain("has arrived · 10:30 appointment");
  });
});
