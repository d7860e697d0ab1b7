import { expect } from "chai";
import { callApi } from "../../../dev/clients/api.ts";
import type { Person } from "../../../dev/clients/person.ts";
import { eventually } from "../../support/eventually.ts";
import { expectOneNotice, noticeWithButtons } from "../../support/stack/arrival-room.ts";
import { inDatabase, leaveBehind } from "../../support/stack/behind-whisper.ts";
import { settled } from "../../support/stack/settled.ts";
import { freshStack, type TestStack } from "../../support/stack/stack.ts";
import { hire, putBooking, putUser, roomOfKind, unique } from "../../support/stack/staff.ts";

describe("While another part is down", function () {
  this.timeout(240_000);
  let stack: TestStack;
  const [jones, mia] = [unique("dr.jones"), unique("mia")];
  let doctor: Person;

  before(async () => {
    stack = await freshStack();
    await putUser(stack, mia);
    doctor = await hire(stack, jones, { doctor: true }, { pastTheGate: true });
    await roomOfKind(doctor, "arrivals");
  });
  after(() => stack?.stop());

  const arrived = (booking: string) => {
    const now = new Date().toISOString();
    return {
      status: "arrived",
      patient_id: booking,
      doctor: jones,
      appointment_at: now,
      changed_by: mia,
      changed_at: now,
    };
  };
  const ready = async () => (await fetch(`${stack.whisper}/health/ready`)).status;

  it("Synapse at start: Whisper waits and is not ready, takes HealthTrack's writes, and carries them out later", async () => {
    await stack.stopWhisper();
    await stack.proxy.goDown();
    const started = stack.startWhisper();
    started.catch(() => undefined);
    const missing = await eventually("Whisper to have its database", async () => {
      const { checks } = await (await fetch(`${stack.whisper}/health/ready`)).json();
      return checks.database.ok && checks;
    });
    expect(missing.homeserver).to.include({ ok: false });
    expect((await fetch(`${stack.whisper}/health/live`)).status).to.equal(200);
    const newcomer = unique("newcomer");
    const booking = unique("while-away");
    await putUser(stack, newcomer);
    await putBooking(stack, booking, { doctor: jones, changed_by: mia });
    expect(await ready()).to.equal(503);
    await stack.proxy.comeBack();
    await started;
    await noticeWithButtons(doctor, booking);
    await eventually("the newcomer to be able to sign in", () =>
      stack.signIn(newcomer, { withoutSync: true }),
    );
  });

  it("PostgreSQL at start: Whisper lives, says that it waits, and acknowledges nothing until it is there", async () => {
    await stack.stopWhisper();
    await stack.stopPostgres();
    const started = stack.startWhisper();
    started.catch(() => undefined);
    await eventually("Whisper to live", async () => (await fetch(`${stack.whisper}/health/live`)).ok);
    expect(await ready()).to.equal(503);
    const booking = unique("before-the-database");
    const refused = await callApi(stack, "PUT", `/api/v1/bookings/${booking}`, arrived(booking));
    expect(refused.status).to.equal(503);
    expect(refused.headers.get("content-type")).to.include("application/problem+json");
    expect(refused.headers.get("retry-after")).to.match(/^\d+$/);
    const transaction = await fetch(`${stack.whisper}/_matrix/app/v1/transactions/1`, { method: "PUT" });
    expect(transaction.status).to.equal(503);
    expect(await transaction.json()).to.include({ errcode: "M_UNKNOWN" });
    await stack.startPostgres();
    await started;
    await putBooking(stack, booking, { doctor: jones, changed_by: mia });
    await noticeWithButtons(doctor, booking);
  });

  it("Synapse for a while: what was asked for meanwhile is carried out when it is back", async () => {
    const booking = unique("during");
    await stack.proxy.goDown();
    await putBooking(stack, booking, { doctor: jones, changed_by: mia });
    await eventually("Whisper to be unready", async () => (await ready()) === 503);
    await stack.proxy.comeBack();
    await noticeWithButtons(doctor, booking);
    await eventually("Whisper to be ready", async () => (await ready()) === 200);
  });

  it("Whisper for a while: what Synapse leaves behind when it is back is found without another outage", async () => {
    const { roomId } = await roomOfKind(doctor, "control");
    await stack.stopWhisper();
    await doctor.sendText(roomId, "while it is away");
    await stack.startWhisper();
    const heard = async (event: string) =>
      (await inDatabase(stack, "SELECT FROM inbox WHERE event_id = $1", event)) === 1;
    await eventually(
      "the search after the start",
      async () =>
        (await inDatabase(
          stack,
          // Its repeat waits for this test, and not for a minute of a busy machine.
          "UPDATE graphile_worker._private_jobs SET run_at = now() + interval '1 hour' WHERE key = 'gaps:again'",
        )) === 1,
    );
    await settled(stack);
    let behind = "";
    await leaveBehind(stack, async () => {
      behind = await doctor.sendText(roomId, "left behind");
    });
    const later = await doctor.sendText(roomId, "sent");
    await eventually("Whisper to hear what comes later", () => heard(later));
    expect(await heard(behind)).to.equal(false);
    await settled(stack, { gaps: true });
    expect(await heard(behind)).to.equal(true);
  });

  it("Synapse killed and started again: nothing is sent twice", async () => {
    const booking = unique("restarted");
    const fault = stack.proxy.inject({
      when: "after",
      match: { token: stack.appserviceToken, path: /\/send\/m\.room\.message\// },
      // Synapse has the notice and Whisper doesn't know. Synapse forgets the transaction id with its memory.
      act: async () => {
        await stack.killSynapse();
        return { kind: "drop" };
      },
    });
    await putBooking(stack, booking, { doctor: jones, changed_by: mia });
    await fault.happened;
    await stack.startSynapse();
    const { room } = await noticeWithButtons(doctor, booking, 60_000);
    await expectOneNotice(doctor, room, booking);
  });

  it("PostgreSQL: 503 with nothing acknowledged, and all works again when it is back", async () => {
    await stack.stopPostgres();
    const booking = unique("no-database");
    const refused = await callApi(stack, "PUT", `/api/v1/bookings/${booking}`, arrived(booking));
    expect(refused.status).to.equal(503);
    expect(refused.headers.get("content-type")).to.include("application/problem+json");
    expect(await ready()).to.equal(503);
    await stack.startPostgres();
    await eventually("Whisper to be ready", async () => (await ready()) === 200, 30_000);
    await doctor.sendText((await roomOfKind(doctor, "control")).roomId, "hello");
    await putBooking(stack, booking, { doctor: jones, changed_by: mia });
    await noticeWithButtons(doctor, booking, 60_000);
  });
});
