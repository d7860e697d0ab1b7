import { expect } from "chai";
import { mustCallApi } from "../../../dev/clients/api.ts";
import type { Person } from "../../../dev/clients/person.ts";
import { bodyOf } from "../../../dev/clients/room-events.ts";
import { eventually } from "../../support/eventually.ts";
import { startPushGateway } from "../../support/homeserver/push-gateway.ts";
import { type ArrivalDesk, noticeFor, openArrivalDesk } from "../../support/stack/arrival-desk.ts";
import { arrivalsRoom } from "../../support/stack/arrival-room.ts";
import { settled } from "../../support/stack/settled.ts";
import type { TestStack } from "../../support/stack/stack.ts";
import { hire, nameOf, putUser, roomOfKind, unique } from "../../support/stack/staff.ts";

describe("Patient arrivals", function () {
  this.timeout(120_000);
  let stack: TestStack;
  let jones: string;
  let receptionist: Person;
  let put: ArrivalDesk["put"];
  let newest: ArrivalDesk["newest"];

  before(async function () {
    this.timeout(180_000);
    ({ stack, jones, receptionist, put, newest } = await openArrivalDesk());
  });

  describe("reach the staff who are configured to receive arrival messages", () => {
    it("at their location, or all of them, by the Patient Arrived Alerts setting", async () => {
      const [north, nurse, manager] = [unique("North"), unique("nurse"), unique("manager")];
      await putUser(stack, nurse, { locations: [north] } as object);
      await putUser(stack, manager);
      for (const [username, alerts] of [
        [nurse, "location"],
        [manager, "all"],
      ]) {
        await mustCallApi(stack, "PATCH", `/api/v1/users/${username}/preferences`, {
          patient_arrived_alerts: alerts,
        });
      }
      const booking = unique("b");
      const { arrival } = await put(booking, { location: north });
      expect(arrival?.recipients).to.have.deep.members(
        [jones, nurse, manager].map((username) => ({ username, state: "waiting" })),
      );
      await mustCallApi(stack, "PATCH", `/api/v1/users/${manager}/preferences`, {
        patient_arrived_alerts: "off",
      });
      const at = await hire(stack, nurse, { locations: [north] } as object);
      expect(bodyOf(await noticeFor(at, booking))).to.include(`for ${nameOf(jones)}`);
    });

    it("also a doctor who never receives direct messages", async () => {
      const quiet = unique("dr.quiet");
      const person = await hire(stack, quiet, { doctor: true });
      await mustCallApi(stack, "PATCH", `/api/v1/users/${quiet}/preferences`, { never_receive: true });
      const booking = unique("b");
      await put(booking, { doctor: quiet });
      await noticeFor(person, booking);
    });

    it("also, without a sound, a doctor who keeps Whisper hidden", async () => {
      const [hidden, other] = [unique("dr.hidden"), unique("dr.open")];
      const [quietly, aloud] = [
        await hire(stack, hidden, { doctor: true }),
        await hire(stack, other, { doctor: true }),
      ];
      const gateway = await startPushGateway();
      try {
        for (const person of [quietly, aloud]) await gateway.register(person);
        await mustCallApi(stack, "PATCH", `/api/v1/users/${hidden}/preferences`, { keep_hidden: true });
        await settled(stack);
        const booking = unique("b");
        await put(booking, { doctor: hidden });
        const notice = await noticeFor(quietly, booking);
        await put(unique("b"), { doctor: other });
        const loud = (await arrivalsRoom(aloud)).roomId;
        await eventually("the other doctor's phone to ring", () =>
          gateway.received.some(({ room_id, event_id }) => room_id === loud && event_id !== undefined),
        );
        // What came before they chose to be hidden, such as a new room's card, may have rung.
        expect(gateway.received.filter(({ event_id }) => event_id === notice.getId())).to.deep.equal([]);
      } finally {
        await gateway.stop();
      }
    });

    it("a doctor who switches them on by prefs arrivals own", async () => {
      const switching = unique("dr.switch");
      const person = await hire(stack, switching, { doctor: true });
      const control = await roomOfKind(person, "control");
      await person.sendText(control.roomId, "prefs arrivals off");
      await person.waitForText(/^Your settings.*arrivals off/s, control.roomId);
      expect((await put(unique("b"), { doctor: switching })).arrival?.state).to.equal("undeliverable");
      await person.sendText(control.roomId, "prefs arrivals own");
      await person.waitForText(/^Your settings.*arrivals own/s, control.roomId);
      const booking = unique("b");
      await put(booking, { doctor: switching });
      await noticeFor(person, booking);
    });

    it("not a doctor who is inactive: whoever marked it is told", async () => {
      const control = await roomOfKind(receptionist, "control");
      const away = unique("dr.away");
      await putUser(stack, away, { doctor: true, active: false });
      const booking = unique("b");
      expect((await put(booking, { doctor: away })).arrival).to.deep.include({
        state: "undeliverable",
        recipients: [{ username: away, state: "undeliverable", reason: "inactive" }],
      });
      const said = `${nameOf(away)} was not told that A.Q. (Patient ${booking}) has arrived: their HealthTrack account is not active.`;
      await receptionist.waitForText(said, control.roomId);
    });

    it("no longer a doctor who is taken out of use after they were told: whoever marked it is told", async () => {
      const control = await roomOfKind(receptionist, "control");
      const leaving = unique("dr.leaving");
      const person = await hire(stack, leaving, { doctor: true });
      const booking = unique("b");
      await put(booking, { doctor: leaving });
      await noticeFor(person, booking);
      await mustCallApi(stack, "DELETE", `/api/v1/users/${leaving}`);
      const said = `${nameOf(leaving)} can no longer see that A.Q. (Patient ${booking}) has arrived: their HealthTrack account is not active.`;
      await receptionist.waitForText(said, control.roomId);
      expect((await newest(leaving))?.recipients[0]).to.include({ state: "undeliverable" });
    });

    it("not a doctor who is unknown or has switched them off: whoever marked it is told in the control room", async () => {
      const control = await roomOfKind(receptionist, "control");
      const off = unique("dr.off");
      await putUser(stack, off, { doctor: true });
      await mustCallApi(stack, "PATCH", `/api/v1/users/${off}/preferences`, {
        patient_arrived_alerts: "off",
      });
      const unknown = unique("dr.who");
      const [one, two] = [unique("b"), unique("b")];
      expect((await put(one, { doctor: unknown })).arrival).to.deep.include({
        state: "undeliverable",
        recipients: [{ username: unknown, state: "undeliverable", reason: "no-account" }],
      });
      expect((await put(two, { doctor: off })).arrival?.recipients).to.deep.equal([
        { username: off, state: "undeliverable", reason: "alerts-off" },
      ]);
      await receptionist.waitForText(
        `${unknown} was not told that A.Q. (Patient ${one}) has arrived`,
        control.roomId,
      );
      await receptionist.waitForText(
        `${nameOf(off)} was not told that A.Q. (Patient ${two}) has arrived: their Patient Arrived Alerts are off.`,
        control.roomId,
      );
    });
  });
});
