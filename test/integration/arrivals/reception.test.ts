import { expect } from "chai";
import { followRecipients } from "../../../src/arrivals/changed-recipients.ts";
import {
  minutes,
  name,
  openPractice,
  type Practice,
  progressOf,
  textOf,
} from "../../support/practice/arrivals.ts";

/** No one's own setting covers this location. */
const WALK_IN = { doctor: null, changedAt: minutes(1) } as const;

describe("an arrival without a doctor, or that no person marked", () => {
  let practice: Practice;
  const open = async (settings: Parameters<typeof openPractice>[0] = {}) => {
    practice = await openPractice(settings);
    await practice.user("dr.jones", { doctor: true });
    await practice.user("mia.chen");
    await practice.user("rita.ray");
    await practice.group("desk", "Front desk", ["rita.ray"]);
  };
  afterEach(() => practice.close());
  const WITH_DESK = { reception: [{ group: "Front desk" }] };
  const texts = async (conversation: string) =>
    (await practice.sent(conversation)).filter(({ type }) => type === "m.room.message").map(textOf);

  it("goes to the location's reception, which answers for it", async () => {
    await open(WITH_DESK);
    const { arrival } = await practice.put(WALK_IN);
    expect(progressOf(arrival)).to.deep.equal({ "rita.ray": "waiting" });
    expect(await texts("arrivals:rita.ray")).to.deep.equal([
      "A.J. has arrived · 10:30 appointment · Main St · Patient 12345 · no doctor booked · marked by Mia Chen",
    ]);
    await practice.deliver();
    await practice.react(
      "rita.ray",
      await practice.eventOf(`arrival:${arrival?.id}:1:rita.ray:notice`),
      "✅",
    );
    expect((await practice.arrivals())[0]).to.include({ doctor: null, state: "acknowledged" });
  });

  it("goes to people who cover the location, and not to reception", async () => {
    await open(WITH_DESK);
    await practice.user("nurse", { alerts: "location", locations: ["MAIN  ST"] });
    expect(progressOf((await practice.put(WALK_IN)).arrival)).to.deep.equal({ nurse: "waiting" });
  });

  it("goes to the admin room, and automatically to whoever covers the location later", async () => {
    await open();
    const { arrival } = await practice.put(WALK_IN);
    expect(progressOf(arrival)).to.deep.equal({});
    expect((await practice.arrivals())[0]?.state).to.equal("undeliverable");
    await practice.put({ ...WALK_IN, changedAt: minutes(2), appointmentAt: minutes(95) });
    expect((await texts("admin")).length).to.equal(1);
    expect((await texts("admin"))[0]).to.match(
      /^A\.J\. \(Patient 12345\) has arrived at Main St without a booked doctor, and nobody there is told/,
    );
    await practice.user("nurse", { alerts: "all" });
    await followRecipients(practice.database, practice.dependencies);
    expect(await texts("arrivals:nurse")).to.have.length(1);
    expect((await texts("admin")).at(-1)).to.equal(
      "Somebody has now been told that A.J. (Patient 12345) has arrived at Main St.",
    );
  });

  for (const marker of ["kiosk-1", "gone", "front.kiosk", null]) {
    it(`gives replies, corrections and deletions to reception if it was marked by ${marker ?? "nobody"}`, async () => {
      await open({ ...WITH_DESK, kiosks: ["Front.Kiosk"] });
      await practice.user("gone", { active: false });
      await practice.user("front.kiosk");
      const { arrival } = await practice.put({ changedBy: marker === null ? null : name(marker) });
      await practice.deliver();
      const notice = await practice.eventOf(`arrival:${arrival?.id}:1:dr.jones:notice`);
      const reply = await practice.event("dr.jones", {
        type: "m.room.message",
        content: {
          msgtype: "m.text",
          body: "Two minutes.",
          "m.relates_to": { "m.in_reply_to": { event_id: notice } },
        },
      });
      const [passed] = await practice.deliver();
      expect(passed).to.include({ conversation: "group:desk", as_user: null });
      expect(passed?.content.body).to.equal(
        "> A.J. has arrived · 10:30 appointment · Main St · Patient 12345\n\nDr Jones: Two minutes.",
      );
      await practice.event("dr.jones", {
        type: "m.room.message",
        content: {
          msgtype: "m.text",
          body: "* Three minutes.",
          "m.new_content": { msgtype: "m.text", body: "Three minutes." },
          "m.relates_to": { rel_type: "m.replace", event_id: reply.event_id },
        },
      });
      expect((await texts("group:desk")).at(-1)).to.match(/^\* > A\.J\. .*\n\nDr Jones: Three minutes\.$/);
      expect((await practice.sent("group:desk")).map(({ as_user }) => as_user)).to.deep.equal([null, null]);
      await practice.event("dr.jones", { type: "m.room.redaction", content: { redacts: reply.event_id } });
      expect((await practice.sent("group:desk")).at(-1)).to.include({
        type: "m.room.redaction",
        as_user: null,
      });
      expect((await practice.arrivals())[0]?.state).to.equal("replied");
    });
  }

  it("leaves client metadata out of what Whisper says in its own name", async () => {
    await open(WITH_DESK);
    const { arrival } = await practice.put({ changedBy: name("kiosk-1") });
    await practice.deliver();
    const notice = await practice.eventOf(`arrival:${arrival?.id}:1:dr.jones:notice`);
    await practice.event("dr.jones", {
      type: "m.room.message",
      content: {
        msgtype: "m.image",
        body: "x-ray.png",
        url: "mxc://practice.test/one",
        "au.healthtrack.whisper.ref": "arrival-card:!x",
        "m.relates_to": { "m.in_reply_to": { event_id: notice } },
      },
    });
    const sent = await practice.deliver();
    expect(sent.map(textOf)).to.deep.equal([
      "> A.J. has arrived · 10:30 appointment · Main St · Patient 12345\n\nDr Jones:",
      "x-ray.png",
    ]);
    expect(sent[1]?.content).to.deep.equal({
      msgtype: "m.image",
      body: "x-ray.png",
      url: "mxc://practice.test/one",
    });
  });

  it("reports to reception what cannot be told to a kiosk", async () => {
    await open(WITH_DESK);
    await practice.user("dr.jones", { doctor: true, active: false });
    await practice.put({ changedBy: name("kiosk-1") });
    expect(await texts("group:desk")).to.deep.equal([
      "Dr Jones was not told that A.J. (Patient 12345) has arrived: their HealthTrack account is not active. Please tell them yourself.",
    ]);
    expect((await practice.notices())[0]).to.include({ state: "undeliverable", reported: true });
    await practice.user("dr.jones", { doctor: true });
    await followRecipients(practice.database, practice.dependencies);
    expect((await texts("group:desk")).at(-1)).to.equal(
      "Dr Jones has now been told that A.J. (Patient 12345) has arrived.",
    );
  });

  it("names the reception in the thread that ↩️ opens", async () => {
    await open(WITH_DESK);
    const { arrival } = await practice.put({ changedBy: name("kiosk-1") });
    await practice.deliver();
    await practice.react("dr.jones", await practice.eventOf(`arrival:${arrival?.id}:1:dr.jones:notice`), "↩️");
    expect((await texts("arrivals:dr.jones")).at(-1)).to.equal(
      "Write here and I'll pass it on to Front desk.",
    );
  });
});
