import { expect } from "chai";
import { drainOutbox } from "../../../src/appservice/sending/outbox-sender.ts";
import { arrivalTasks } from "../../../src/arrivals/tasks.ts";
import { postAlert } from "../../../src/conversations/alerts.ts";
import { sendToControlRoom } from "../../../src/conversations/record/control-room.ts";
import { deadLetters } from "../../../src/jobs/dead-letters.ts";
import { settleGivenUp } from "../../../src/messages/given-up.ts";
import type { ConversationId } from "../../../src/policy/model.ts";
import { onlyRow } from "../../../src/store/database.ts";
import type { JobPayloads } from "../../../src/store/jobs.ts";
import { givenUpHandlers } from "../../../src/wiring/given-up.ts";
import { FlawedHomeserver } from "../../support/homeserver/flawed-homeserver.ts";
import { name, openPractice, type Practice } from "../../support/practice/arrivals.ts";

const REFUSED = { errcode: "M_UNKNOWN", status: 400 };

describe("a send that is given up", () => {
  let practice: Practice;
  let homeserver: FlawedHomeserver;
  beforeEach(async () => {
    practice = await openPractice({ escalation: [{ after: 60_000 }] });
    homeserver = new FlawedHomeserver();
    await practice.user("dr.jones", { doctor: true });
    await practice.user("mia.chen");
  });
  afterEach(() => practice.close());

  /** Sends what is queued in one conversation. The first send is refused for good. */
  async function refuseFirst(naturalKey: string): Promise<void> {
    const { rows } = await practice.database.query<{ id: ConversationId }>(
      "UPDATE conversations SET room_id = coalesce(room_id, '!' || natural_key) WHERE natural_key = $1 RETURNING id",
      [naturalKey],
    );
    homeserver.flaws.push(REFUSED);
    await drainOutbox(
      {
        database: practice.database,
        homeserver,
        bot: practice.dependencies.settings.bot,
        repair: async () => undefined,
        whenReadersAreIn: async () => null,
        onDropped: () => undefined,
      },
      rows[0]?.id ?? expect.fail(`no conversation ${naturalKey}`),
    );
  }
  /** Runs the follow-up jobs, each twice, as after a crash. @returns how many there were. */
  async function settle(): Promise<number> {
    const { rows } = await practice.database.query<{ payload: { ref: string } }>(
      `DELETE FROM graphile_worker._private_jobs j USING graphile_worker._private_tasks t
       WHERE t.id = j.task_id AND t.identifier = 'given_up' RETURNING payload`,
    );
    const handlers = givenUpHandlers({
      arrivalDependencies: practice.dependencies,
      directory: practice.dependencies.directory,
      settings: practice.dependencies.settings,
    });
    for (const { payload } of [...rows, ...rows])
      await settleGivenUp(practice.database, handlers, payload.ref);
    return rows.length;
  }
  const said = async (naturalKey: string) =>
    (await practice.sent(naturalKey)).map(({ content }) => content.body);
  const letters = async () => (await Array.fromAsync(deadLetters(practice.database))).length;
  const clocks = async () =>
    (
      await practice.database.query(
        "SELECT FROM graphile_worker._private_jobs WHERE key LIKE 'arrival-escalation:%'",
      )
    ).rows.length;
  const reply = async (body: string) => {
    const { arrival } = await practice.put({});
    await practice.deliver();
    const notice = await practice.eventOf(`arrival:${arrival?.id}:1:dr.jones:notice`);
    return () =>
      practice.event("dr.jones", {
        type: "m.room.message",
        content: { msgtype: "m.text", body, "m.relates_to": { rel_type: "m.thread", event_id: notice } },
      });
  };

  it("a notice makes its arrival undeliverable, and whoever marked it is told once", async () => {
    await practice.put({});
    await refuseFirst("arrivals:dr.jones");
    expect(await settle()).to.equal(1);
    expect(
      (await practice.notices()).map(({ state, reason, shown }) => [state, reason, shown]),
    ).to.deep.equal([["undeliverable", "not-sent", false]]);
    expect(await said("control:mia.chen")).to.deep.equal([
      "Dr Jones was not told that A.J. (Patient 12345) has arrived: the message could not be delivered. Please tell them yourself.",
    ]);
    expect(await letters()).to.equal(0);
  });

  it("a notice that no one can be told about goes to the admin room", async () => {
    await practice.put({ changedBy: name("kiosk") });
    await refuseFirst("arrivals:dr.jones");
    await settle();
    expect(await said("admin")).to.have.lengthOf(1);
  });

  it("a notice to someone called in records that the step told no one, and makes the next step due", async () => {
    await practice.close();
    practice = await openPractice({ escalation: [{ after: 3_600_000, backup: "nia" }] });
    for (const username of ["dr.jones", "mia.chen", "nia"])
      await practice.user(username, { doctor: username === "dr.jones" });
    await practice.put({});
    const tasks = arrivalTasks(practice.dependencies, practice.database, { pin: async () => undefined });
    const next = async () =>
      onlyRow(
        await practice.database.query<{ payload: JobPayloads["arrival_escalation"]; late: boolean }>(
          `SELECT payload, run_at <= now() AS late FROM graphile_worker._private_jobs
           WHERE key LIKE 'arrival-escalation:%'`,
        ),
      );
    for (let step = 0; step < 2; step += 1)
      await tasks.arrival_escalation({ ...(await next()).payload, put_off: true });
    expect((await said("arrivals:dr.jones")).at(-1)).to.contain("Nia told at");
    expect((await next()).late).to.equal(false);
    await refuseFirst("arrivals:nia");
    await settle();
    expect((await said("arrivals:dr.jones")).at(-1)).to.match(/Nia could not be told at \d\d:\d\d$/);
    expect(
      (await practice.database.query("SELECT kind, told FROM arrival_escalations ORDER BY step")).rows,
    ).to.deep.equal([
      { kind: "nudge", told: true },
      { kind: "backup", told: false },
    ]);
    expect((await next()).late).to.equal(true);
    await tasks.arrival_escalation((await next()).payload);
    expect((await said("control:mia.chen")).at(-1)).to.contain("nobody has answered");
  });

  it("an answer to an arrival leaves it waiting, starts the clock and tells the recipient", async () => {
    const write = await reply("Five minutes");
    await practice.database.query(
      "DELETE FROM graphile_worker._private_jobs WHERE key LIKE 'arrival-escalation:%'",
    );
    await write();
    expect((await practice.notices()).map(({ state }) => state)).to.deep.equal(["replied"]);
    await refuseFirst("individual:dr.jones:mia.chen");
    expect(await settle()).to.equal(1);
    expect((await practice.notices()).map(({ state, replied_at }) => [state, replied_at])).to.deep.equal([
      ["waiting", null],
    ]);
    expect(await clocks()).to.equal(1);
    expect((await said("arrivals:dr.jones")).at(-1)).to.equal(
      "Your reply was not passed on. Please phone Mia Chen.",
    );
  });

  it("an answer changes nothing if there is another answer", async () => {
    const write = await reply("Five minutes");
    await write();
    await write();
    await refuseFirst("individual:dr.jones:mia.chen");
    await settle();
    expect((await practice.notices()).map(({ state }) => state)).to.deep.equal(["replied"]);
  });

  it("one of Whisper's sentences goes to the admin room, and can still be sent", async () => {
    await practice.database.transaction(async (tx) => {
      await sendToControlRoom(tx, name("mia.chen"), "one", "Nobody has answered. Please look after them.");
      await postAlert(tx, { text: "Phones are down", severity: "info", expiresAt: null });
    });
    await refuseFirst("control:mia.chen");
    await refuseFirst("alerts");
    await settle();
    const [first = "", second = ""] = await said("admin");
    expect(first).to.match(/Mia Chen.*Nobody has answered\. Please look after them\./);
    expect(second).to.match(/Phones are down/);
    expect(await letters()).to.equal(2);
  });

  it("a sentence in the admin room is only a dead letter", async () => {
    await practice.database.transaction((tx) => sendToControlRoom(tx, name("mia.chen"), "one", "Look"));
    await refuseFirst("control:mia.chen");
    await settle();
    await refuseFirst("admin");
    await settle();
    expect(await said("admin")).to.have.lengthOf(1);
    expect(await letters()).to.equal(2);
  });
});
