import { expect } from "chai";
import { describe, it } from "mocha";
import type { PatientArrivedAlerts, Preferences } from "../../../../src/policy/model.ts";
import {
  arrivalRecipients,
  patientArrivedAlerts,
  receivesArrivals,
} from "../../../../src/policy/people/arrival-recipients.ts";
import { practice, u, user } from "../support/practice.ts";

type Part = Parameters<typeof user>[1];
const withAlerts = (
  alerts: PatientArrivedAlerts | null,
  part: Part = {},
  preferences: Partial<Preferences> = {},
) => ({
  ...part,
  preferences: { ...preferences, patientArrivedAlerts: alerts },
});
const people = practice([
  user("jones", { doctor: true, locations: ["North"] }),
  user("quiet", withAlerts(null, { doctor: true }, { neverReceive: true, keepHidden: true })),
  user("off", withAlerts("off", { doctor: true })),
  user("wide", withAlerts("location", { doctor: true, locations: ["South"] })),
  user("gone", withAlerts(null, { doctor: true, active: false })),
  user("locked", withAlerts(null, { doctor: true, permissions: [] })),
  user("nurse", { locations: ["North"] }),
  user("desk", withAlerts("location", { locations: ["East", " north"] })),
  user("manager", withAlerts("all")),
  user("own", withAlerts("own", { locations: ["North"] })),
  user("left", withAlerts("all", { active: false })),
  user("shut", withAlerts("all", { permissions: [] })),
]);

const told = (doctor: string, location: string | null) =>
  arrivalRecipients(people, { doctor: u(doctor), location }).map((each) =>
    each.deliver ? each.username : `${each.username}: ${each.reason}`,
  );

describe("who is told of an arrival", () => {
  const cases: Array<readonly [string, string, string | null, string[]]> = [
    [
      "the doctor, those at the location, those who ask for all",
      "jones",
      "North",
      ["jones", "desk", "manager"],
    ],
    ["elsewhere: not those of another location", "jones", "West", ["jones", "manager"]],
    ["without a location", "jones", null, ["jones", "manager"]],
    ["a doctor who never receives and keeps Whisper hidden", "quiet", null, ["quiet", "manager"]],
    ["a doctor who asks for a location, at another one", "wide", "North", ["wide", "desk", "manager"]],
    ["somebody else at the location of a doctor's", "jones", "South", ["jones", "wide", "manager"]],
    ["one who is no doctor but asks for their own", "own", null, ["own", "manager"]],
    ["a doctor who switched it off", "off", null, ["off: alerts-off", "manager"]],
    ["one who is no doctor and asks for nothing", "nurse", null, ["nurse: alerts-off", "manager"]],
    ["a doctor who is inactive", "gone", null, ["gone: inactive", "manager"]],
    ["a doctor without access", "locked", null, ["locked: no-access", "manager"]],
    ["a doctor without an account", "unknown", null, ["unknown: no-account", "manager"]],
    ["a doctor written in capitals", "JONES", null, ["jones", "manager"]],
    ["one who asks for all, of their own booking, once", "manager", null, ["manager"]],
  ];
  for (const [what, doctor, location, recipients] of cases) {
    it(what, () => expect(told(doctor, location)).to.have.members(recipients));
  }
});

describe("Patient Arrived Alerts", () => {
  it("default to own bookings for a doctor, and off for others", () => {
    expect(patientArrivedAlerts(user("a", { doctor: true }))).to.equal("own");
    expect(patientArrivedAlerts(user("a"))).to.equal("off");
    for (const alerts of ["off", "own", "location", "all"] as const) {
      expect(patientArrivedAlerts(user("a", withAlerts(alerts, { doctor: true })))).to.equal(alerts);
    }
  });

  it("give an arrivals room to everyone who receives any", () => {
    const receiving = [...people.users.keys()].filter((username) => receivesArrivals(people, username));
    expect(receiving).to.have.members(["jones", "quiet", "wide", "desk", "manager", "own"]);
  });
});
