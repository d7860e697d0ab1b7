import { expect } from "chai";
import { boardOf } from "../../../../src/arrivals/notices/board.ts";
import { dayOf, minutesBetween, timeOf } from "../../../../src/arrivals/notices/clock.ts";
import {
  editContent,
  lineOf,
  type NoticeView,
  noticeContent,
} from "../../../../src/arrivals/notices/notice.ts";
import { patientShown } from "../../../../src/arrivals/notices/patient.ts";
import type { Arrival } from "../../../../src/arrivals/rules/arrival.ts";
import { isStale } from "../../../../src/arrivals/stale.ts";
import type { Directory } from "../../../../src/policy/model.ts";
import { arrived, JONES, minute, NURSE, told } from "../support/builders.ts";

const zone = { timezone: "Australia/Sydney" };
const nobody: Directory = { users: new Map(), securityGroups: new Map(), customGroups: new Map() };
const view: NoticeView = {
  directory: nobody,
  zone,
  now: arrived().arrivedAt,
  show: "initials",
  patientUrl: "https://w.test/open/patient/abc",
};
const noticeIn = (arrival: ReturnType<typeof arrived>, index = 0) => {
  const notice = arrival.notices[index];
  if (notice === undefined) throw new Error("no notice");
  return notice;
};

describe("what a notice shows of the patient", () => {
  for (const [name, show, shown] of [
    ["Alice Jones", "initials", "A.J."],
    ["Jones, Alice Mary", "initials", "A.M.J."],
    ["o'Brien-Smith  ann", "initials", "O.A."],
    ["Éva Ünal", "initials", "É.Ü."],
    ["Alice Jones", "name", "Alice Jones"],
    ["Alice Jones", "id", "Patient p1"],
    [null, "name", "Patient p1"],
    ["  ", "initials", "Patient p1"],
    ["123", "initials", "Patient p1"],
  ] as const) {
    it(`${name} as ${show}: ${shown}`, () => {
      expect(patientShown({ patientId: "p1", patientName: name }, show)).to.equal(shown);
    });
  }

  for (const show of ["id", "initials"] as const) {
    it(`contains no name anywhere in the event if set to ${show}`, () => {
      const arrival = arrived({ patientName: "Alice Quokka" });
      const content = JSON.stringify(noticeContent(arrival, noticeIn(arrival), { ...view, show }));
      expect(content).not.to.match(/Alice|Quokka/);
    });
  }
});

describe("the line of a notice", () => {
  it("shows the appointment, the location and the patient's link once", () => {
    const { text, html } = lineOf(arrived(), view);
    expect(text).to.equal("A.J. has arrived · 10:30 appointment · Main St · Patient p1");
    expect(html).to.equal(
      'A.J. has arrived · 10:30 appointment · Main St · <a href="https://w.test/open/patient/abc">Patient p1</a>',
    );
  });

  it("is short if there is only the id", () => {
    const { text, html } = lineOf(arrived({ patientName: null, location: null }), view);
    expect(text).to.equal("Patient p1 has arrived · 10:30 appointment");
    expect(html).to.include(">Patient p1</a> has arrived");
  });

  it("escapes text from HealthTrack", () => {
    const { html } = lineOf(arrived({ patientId: '<b>"', location: "A & <i>B" }), { ...view, show: "id" });
    expect(html).not.to.match(/<b>|<i>|& /);
  });

  it("tells everyone except the doctor whom the patient will see", () => {
    const arrival = arrived({}, told(JONES, NURSE));
    expect(noticeContent(arrival, noticeIn(arrival, 0), view).body).not.to.include("for dr.jones");
    expect(noticeContent(arrival, noticeIn(arrival, 1), view).body).to.include("for dr.jones");
  });

  it("is replaced as a whole by an edit, with the same key for clients that support Whisper", () => {
    const arrival = arrived();
    const edit = editContent(arrival, noticeIn(arrival), view);
    expect(edit["m.new_content"]).to.deep.equal(noticeContent(arrival, noticeIn(arrival), view));
    expect(edit["m.relates_to"]).to.deep.equal({ rel_type: "m.replace" });
  });
});

describe("times", () => {
  it("are in the practice's time zone, even where its day differs from UTC's", () => {
    const at = new Date("2026-03-01T22:30:00Z");
    expect(dayOf(zone, at)).to.equal("2026-03-02");
    expect(timeOf(zone, at, "2026-03-02")).to.equal("09:30");
    expect(timeOf({ timezone: "Australia/Perth" }, at, "2026-03-02")).to.equal("06:30");
  });

  it("include the day if it is a different one", () => {
    expect(timeOf(zone, new Date("2026-03-01T22:30:00Z"), "2026-03-03")).to.equal("Mon 2 Mar 09:30");
  });

  it("are right at the end of daylight saving", () => {
    expect(timeOf(zone, new Date("2026-04-04T15:30:00Z"), "2026-04-05")).to.equal("02:30");
    expect(timeOf(zone, new Date("2026-04-04T16:30:00Z"), "2026-04-05")).to.equal("02:30");
  });

  it("never show a negative wait", () => {
    expect(minutesBetween(minute(5), minute(2))).to.equal(0);
  });
});

describe("an arrival whose end was never reported", () => {
  const settings = { zone, staleAfter: 12 * 3_600_000 };
  const at = (time: string) => new Date(`${time}+11:00`);
  const toldAt = (time: string): Arrival => {
    const arrival = arrived();
    const notices = arrival.notices.map((notice) => ({ ...notice, toldAt: at(time) }));
    return { ...arrival, toldAt: at(time), notices };
  };

  for (const [told, now, stale] of [
    ["2026-03-02T09:00", "2026-03-02T23:07", false],
    ["2026-03-02T09:00", "2026-03-03T00:07", true],
    ["2026-03-02T17:00", "2026-03-03T04:07", false],
    ["2026-03-02T17:00", "2026-03-03T05:07", true],
    ["2026-03-02T20:00", "2026-03-03T07:07", false],
    ["2026-03-02T20:00", "2026-03-03T08:07", true],
    ["2026-03-03T00:30", "2026-03-03T23:07", false],
  ] as const) {
    it(`told at ${told} is ${stale ? "" : "not "}stale at ${now}`, () => {
      expect(isStale(toldAt(told), settings, at(now))).to.equal(stale);
    });
  }

  it("uses the practice's day", () => {
    const [told, now] = ["2026-03-02T09:00", "2026-03-03T00:07"] as const;
    const perth = { ...settings, zone: { timezone: "Australia/Perth" } };
    expect(isStale(toldAt(told), perth, at(now))).to.equal(false);
  });

  it("uses the newest notice", () => {
    const arrival = toldAt("2026-03-02T09:00");
    const [notice] = toldAt("2026-03-02T20:00").notices;
    const again = { ...arrival, notices: notice ? [notice] : [] };
    expect(isStale(again, settings, at("2026-03-03T00:07"))).to.equal(false);
  });
});

describe("the board", () => {
  it("shows who is waiting for whom, and how long since their arrival and appointment", () => {
    const text = boardOf([arrived()], nobody, { zone, show: "initials" }, minute(100));
    expect(text.split("\n").map((line) => line.split(/ {2,}/))).to.deep.equal([
      ["Patient", "Doctor", "Location", "Appointment", "Arrived", "Waiting", "Late", "State"],
      ["A.J.", "dr.jones", "Main St", "10:30", "10:20", "20 min", "10 min", "waiting"],
    ]);
  });

  it("says if more are waiting than it shows, but not if it shows them all", () => {
    const many = (count: number) => {
      const waiting = Array.from({ length: count }, () => arrived());
      return boardOf(waiting, nobody, { zone, show: "id" }, minute(100)).split("\n");
    };
    expect(many(500)).to.have.length(501);
    expect(many(501).at(-1)).to.match(/^More patients are waiting\. These 500 have waited longest/);
    expect(many(501)).to.have.length(502);
  });

  it("says if no one is waiting", () => {
    expect(boardOf([], nobody, { zone, show: "id" }, minute(0))).to.equal("Nobody is waiting.");
  });
});
