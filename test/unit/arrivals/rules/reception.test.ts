import { expect } from "chai";
import { changeBooking } from "../../../../src/arrivals/rules/lifecycle.ts";
import {
  addresseeOf,
  peopleToTell,
  type ReceptionSettings,
} from "../../../../src/arrivals/rules/reception.ts";
import type { Username } from "../../../../src/policy/model.ts";
import {
  around,
  arrived,
  booking,
  directoryOf,
  JONES,
  MIA,
  minute,
  NO_RECEPTION,
  NURSE,
  named,
  only,
  progress,
  securityGroup,
  spell,
  told,
  user,
} from "../support/builders.ts";

const RITA = named("rita");
const directory = directoryOf(
  [user(JONES, { doctor: true }), user(MIA), user(RITA), user("gone", { active: false })],
  [
    securityGroup("desk", "Front desk", [RITA, named("gone")]),
    securityGroup("north", "North desk", [MIA]),
    securityGroup("empty", "Empty desk", [named("gone")]),
  ],
);
const desks = (changes: Partial<ReceptionSettings> = {}): ReceptionSettings => ({
  ...NO_RECEPTION,
  reception: [{ group: "Front desk" }, { location: "North Clinic", group: "north" }],
  ...changes,
});

describe("who is told about a patient without a doctor", () => {
  const whom = (location: string | null, settings: ReceptionSettings, among = directory) =>
    peopleToTell(among, settings, { doctor: null, location }).map(({ username, toldAs = "recipient" }) => [
      username,
      toldAs,
    ]);

  it("is everyone whose setting covers the location, and then no one else", () => {
    const watching = {
      ...directory,
      users: new Map([
        ...directory.users,
        [NURSE, user(NURSE, { locations: ["Main  st"], preferences: { patientArrivedAlerts: "location" } })],
      ]),
    };
    expect(whom(" main St", desks(), watching)).to.deep.equal([[NURSE, "recipient"]]);
    expect(whom("Elsewhere", desks(), watching)).to.deep.equal([[RITA, "reception"]]);
  });

  it("is otherwise the location's reception, however the location is written", () => {
    expect(whom("NORTH  clinic ", desks())).to.deep.equal([[MIA, "reception"]]);
    expect(whom("A place nobody configured", desks())).to.deep.equal([[RITA, "reception"]]);
    expect(whom(null, desks())).to.deep.equal([[RITA, "reception"]]);
  });

  it("is the escalation's reception if the location has none", () => {
    const settings = desks({ reception: [], escalation: [{ location: "Main St", reception: "desk" }] });
    expect(whom("main st", settings)).to.deep.equal([[RITA, "reception"]]);
    expect(whom("North Clinic", settings)).to.deep.equal([]);
  });

  for (const [why, group] of [
    ["nobody can be told", "empty"],
    ["does not exist", "Recpetion"],
  ] as const) {
    it(`is no one if the reception is a group without anyone who can be told: it ${why}`, () => {
      expect(whom("Main St", desks({ reception: [{ group }] }))).to.deep.equal([]);
    });
  }
});

describe("an arrival without a doctor", () => {
  const walkIn = (recipients = told(RITA)) =>
    only(changeBooking(null, booking({ doctor: null }), around({ recipients })));

  it("waits for the people who are told", () => {
    const { arrival, effects } = walkIn();
    expect(progress(arrival)).to.deep.equal(["rita waiting"]);
    expect(spell(effects)).to.deep.equal(["post rita", "start-clock"]);
  });

  it("is reported once if no one is told, and again only when it loses everyone", () => {
    const { arrival, effects } = walkIn([]);
    expect(spell(effects)).to.deep.equal(["start-clock", "report-unattended"]);
    const later = booking({ doctor: null, changedAt: minute(85), appointmentAt: minute(95) });
    const same = changeBooking(booking({ doctor: null }), later, around({ open: [arrival], recipients: [] }));
    expect(spell(only(same).effects)).to.deep.equal([]);
    const lost = changeBooking(
      booking({ doctor: null }),
      booking({ doctor: null, location: "North", changedAt: minute(85) }),
      around({ open: [walkIn().arrival], recipients: [] }),
    );
    expect(spell(only(lost).effects)).to.deep.equal(["take-down rita", "report-unattended"]);
  });

  it("goes to a doctor who takes it, and away from one who gives it up", () => {
    const taken = changeBooking(
      booking({ doctor: null }),
      booking({ changedAt: minute(85) }),
      around({ open: [walkIn().arrival] }),
    );
    expect(progress(only(taken).arrival)).to.deep.equal(["rita retracted reassigned", "dr.jones waiting"]);
    const back = changeBooking(
      booking(),
      booking({ doctor: null, changedAt: minute(85) }),
      around({ open: [arrived()], recipients: told(RITA) }),
    );
    expect(only(back).arrival.doctor).to.equal(null);
    expect(progress(only(back).arrival)).to.deep.equal(["dr.jones retracted reassigned", "rita waiting"]);
  });
});

describe("who gets replies and reports about an arrival", () => {
  const desk = { kind: "group", group: "desk", name: "Front desk" };
  const CASES: readonly [string, string | null, ReceptionSettings, object | null][] = [
    ["themselves", "mia", desks(), { kind: "person", username: MIA }],
    ["reception for a name that nobody has", "kiosk-1", desks(), desk],
    ["reception for someone who left", "gone", desks(), desk],
    ["reception when HealthTrack names nobody", null, desks(), desk],
    ["reception for a kiosk that has an account", "mia", desks({ kiosks: ["MIA"] }), desk],
    [
      "the person who is the reception",
      "kiosk-1",
      desks({ reception: [{ group: "rita" }] }),
      { kind: "person", username: RITA },
    ],
    ["nobody without a reception or an administrator", "kiosk-1", NO_RECEPTION, null],
  ];
  for (const [who, marker, settings, expected] of CASES) {
    it(`is ${who}`, () => {
      expect(addresseeOf(directory, settings, marker as Username | null, "Main St")).to.deep.equal(expected);
    });
  }

  it("is the administrators if there is no reception", () => {
    const boss = user("boss", { permissions: ["AccessWhisper", "WhisperAdmin"] });
    const administered = directoryOf(
      [boss],
      [securityGroup("HMS-Administrator", "HMS-Administrator", [boss.username])],
    );
    expect(addresseeOf(administered, NO_RECEPTION, named("kiosk-1"), null)).to.deep.equal({ kind: "admins" });
  });
});
