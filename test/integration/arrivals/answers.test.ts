import { expect } from "chai";
import type { EventId } from "../../../src/policy/model.ts";
import { expectLinear, repeated } from "../../support/growth.ts";
import { minutes, name, openPractice, type Practice, textOf } from "../../support/practice/arrivals.ts";

const NOTICE = "A.J. has arrived · 10:30 appointment · Main St · Patient 12345";
const BETWEEN = "individual:dr.jones:mia.chen";

describe("a recipient who answers", () => {
  let practice: Practice;
  let notice: EventId;
  let noticeRef: string;
  beforeEach(async () => {
    practice = await openPractice();
    await practice.user("dr.jones", { doctor: true });
    await practice.user("mia.chen");
    const { arrival } = await practice.put({});
    await practice.deliver();
    noticeRef = `arrival:${arrival?.id}:1:dr.jones:notice`;
    notice = await practice.eventOf(noticeRef);
  });
  afterEach(() => practice.close());

  const write = (
    body: string,
    relation: Record<string, unknown> | null,
    more: Record<string, unknown> = {},
  ) =>
    practice.event("dr.jones", {
      type: "m.room.message",
      content: { msgtype: "m.text", body, ...more, ...(relation && { "m.relates_to": relation }) },
    });
  const inThread = {
    rel_type: "m.thread",
    get event_id() {
      return notice;
    },
  };
  const told = async () =>
    (await practice.sent("arrivals:dr.jones")).flatMap(({ ref, content }) =>
      ref.startsWith("arrival-answer:") ? [content.body] : [],
    );
  const state = async () => (await practice.notices()).map((row) => row.state);
  const passedOn = async () => (await practice.sent(BETWEEN)).filter(({ dropped }) => !dropped);

  it("↩️ opens a thread under the notice, once", async () => {
    await practice.react("dr.jones", notice, "↩️");
    await practice.react("dr.jones", notice, "↩");
    const [thread, ...others] = await practice.deliver();
    expect(others).to.deep.equal([]);
    expect(thread && textOf(thread)).to.equal("Write here and I'll pass it on to Mia Chen.");
    expect(thread?.content["m.relates_to"]).to.include({ rel_type: "m.thread" });
    expect(thread?.target_ref).to.equal(noticeRef);
    expect(await state()).to.deep.equal(["waiting"]);
  });

  it("in the thread, is passed on to whoever marked the arrival, as the recipient, quoting the notice", async () => {
    const reply = await write("Five minutes.\nSorry!", { ...inThread, event_id: notice });
    const [message, ...others] = await passedOn();
    expect(others).to.deep.equal([]);
    expect(message).to.include({
      as_user: "@ht_dr.jones:practice.test",
      ref: `arrival-reply:${reply.event_id}`,
    });
    expect(message && textOf(message)).to.equal(`> ${NOTICE}\n\nFive minutes.\nSorry!`);
    expect(message?.content.formatted_body).to.match(
      /^<blockquote>A\.J\. has arrived .*<a href="https:\/\/whisper\.practice\.test\/open\/patient\/[\w-]+">Patient 12345<\/a><\/blockquote>Five minutes\.<br>Sorry!$/,
    );
    expect(message?.content).not.to.have.property("m.relates_to");
    expect(await state()).to.deep.equal(["replied"]);
  });

  it("by a rich reply, is passed on without the copy that older clients put before it", async () => {
    await write(
      `> <@whisper:practice.test> ${NOTICE}\n> more\n\nSend her in > now`,
      { "m.in_reply_to": { event_id: notice } },
      {
        format: "org.matrix.custom.html",
        formatted_body: "<mx-reply>copy</mx-reply><b>Send her in</b> &gt; now",
      },
    );
    const [message] = await passedOn();
    expect(message && textOf(message)).to.equal(`> ${NOTICE}\n\nSend her in > now`);
    expect(message?.content.formatted_body).to.match(/<\/blockquote><b>Send her in<\/b> &gt; now$/);
  });

  it("by a message that quotes a whole letter, is handled like any other", async () => {
    const letter = `${"> Dear colleague,\n".repeat(39)}Please read this.`;
    await write(letter, null);
    await write(letter, { "m.in_reply_to": { event_id: notice } });
    const [message] = await passedOn();
    expect(message && textOf(message)).to.equal(`> ${NOTICE}\n\n${letter}`);
  });

  it("with hostile text, is handled in no more time than its length", async () => {
    const hostile: Record<string, (size: number) => [string, object?]> = {
      quotations: (size) => [`${repeated("> x\n", size)}x`],
      "empty quotations": (size) => [`${repeated(">\n", size)}x`],
      brackets: (size) => ["x", { formatted_body: "<".repeat(size) }],
      fallbacks: (size) => ["x", { formatted_body: repeated("<mx-reply>", size) }],
    };
    for (const [what, text] of Object.entries(hostile)) {
      await expectLinear(15_000, text, ([body, more]) =>
        write(body, { "m.in_reply_to": { event_id: notice } }, { ...more }),
      ).catch((error: unknown) => {
        throw new Error(`${what}: ${error instanceof Error ? error.message : error}`);
      });
    }
  });

  it("to what the bot said in the thread, is passed on too", async () => {
    await practice.react("dr.jones", notice, "↩️");
    const [thread] = await practice.deliver();
    await write("Coming", { "m.in_reply_to": { event_id: thread?.event_id } });
    expect(await passedOn()).to.have.length(1);
  });

  it("with a quick answer, is passed on in the words of the practice", async () => {
    await practice.react("dr.jones", notice, "5⃣");
    const [message] = await passedOn();
    expect(message && textOf(message)).to.equal(`> ${NOTICE}\n\nFive minutes, please.`);
    expect(await state()).to.deep.equal(["replied"]);
  });

  it("with a picture, is passed on with the quotation before it", async () => {
    const content = { msgtype: "m.image", body: "scan.png", url: "mxc://practice.test/scan" };
    await practice.event("dr.jones", {
      type: "m.room.message",
      content: { ...content, "m.relates_to": { ...inThread, event_id: notice } },
    });
    const all = await passedOn();
    expect(all.map(textOf)).to.deep.equal([`> ${NOTICE}`, "scan.png"]);
    expect(all[1]?.content).to.deep.equal(content);
  });

  it("and corrects it: what was passed on is corrected under the same quotation", async () => {
    const reply = await write("Fife minutes", { ...inThread, event_id: notice });
    await practice.deliver();
    await write(
      "* Five minutes",
      { rel_type: "m.replace", event_id: reply.event_id },
      {
        "m.new_content": { msgtype: "m.text", body: "Five minutes" },
      },
    );
    const edit = (await passedOn()).at(-1);
    expect(edit).to.include({
      target_ref: `arrival-reply:${reply.event_id}`,
      as_user: "@ht_dr.jones:practice.test",
    });
    expect(edit?.content["m.new_content"]).to.include({ body: `> ${NOTICE}\n\nFive minutes` });
  });

  it("with more than one message holds together with the notice, is told so, and nothing is passed on", async () => {
    for (const body of ['"'.repeat(9_000), "x".repeat(40_000), "é".repeat(16_000)])
      await write(body, { ...inThread, event_id: notice });
    expect(await passedOn()).to.deep.equal([]);
    expect(await told()).to.deep.equal(
      Array(3).fill(
        "Your reply was not passed on. It is too long for one message together with the notice. Send it in several parts.",
      ),
    );
    expect(await state()).to.deep.equal(["waiting"]);
  });

  it("and corrects it to what is too long, is told so", async () => {
    const reply = await write("Five minutes", { ...inThread, event_id: notice });
    const body = "x".repeat(16_000);
    const relation = { rel_type: "m.replace", event_id: reply.event_id };
    await write(`* ${body}`, relation, { "m.new_content": { msgtype: "m.text", body } });
    expect(await passedOn()).to.have.length(1);
    expect(await told()).to.deep.equal([
      "Your correction was not passed on: it is too long for one message. Send the rest as another reply.",
    ]);
  });

  it("and deletes it: what was passed on is deleted", async () => {
    const reply = await write("Wrong patient", { ...inThread, event_id: notice });
    await practice.deliver();
    await practice.event("dr.jones", { type: "m.room.redaction", content: { redacts: reply.event_id } });
    expect((await passedOn()).at(-1)).to.include({
      type: "m.room.redaction",
      target_ref: `arrival-reply:${reply.event_id}`,
      as_user: "@ht_dr.jones:practice.test",
    });
  });

  it("after the notice was taken back, is passed on all the same: words are not lost", async () => {
    await practice.put({ status: "cancelled" });
    await write("Where is she?", { ...inThread, event_id: notice });
    expect(await passedOn()).to.have.length(1);
    expect(await state()).to.deep.equal(["retracted"]);
  });

  for (const [why, prepare, marker, sentence] of [
    [
      "never receives direct messages",
      { neverReceive: true },
      "mia.chen",
      "Your reply was not passed on. Mia Chen has chosen not to receive direct messages. Write in a group that you share, or phone.",
    ],
    [
      "no longer works here",
      { active: false },
      "mia.chen",
      "Your reply was not passed on. Mia Chen no longer works here. Write to someone else.",
    ],
    [
      "is nobody in the staff list",
      undefined,
      "kiosk",
      "Your reply was not passed on. This arrival was marked by kiosk, who is not in the staff list. Phone reception.",
    ],
    [
      "is the doctor",
      undefined,
      "dr.jones",
      "Your reply was not passed on. You marked this arrival yourself.",
    ],
  ] as const) {
    it(`is told when it cannot be passed on, because whoever marked it ${why}`, async () => {
      const { arrival } = await practice.put({ bookingId: "b9", patientId: "9", changedBy: name(marker) });
      await practice.deliver();
      if (prepare) await practice.user(marker, prepare);
      const about = await practice.eventOf(`arrival:${arrival?.id}:1:dr.jones:notice`);
      await write("Five minutes", { ...inThread, event_id: about });
      const [answer, ...others] = await practice.deliver();
      expect(others).to.deep.equal([]);
      expect(answer).to.include({
        conversation: "arrivals:dr.jones",
        target_ref: `arrival:${arrival?.id}:1:dr.jones:notice`,
      });
      expect(answer && textOf(answer)).to.equal(sentence);
      expect((await practice.notices()).find((row) => row.arrival_id === arrival?.id)).to.include({
        state: "waiting",
      });
    });
  }

  it("outside of any thread, is told how to reply", async () => {
    await write("Hello?", null);
    const [answer] = await practice.deliver();
    expect(answer?.conversation).to.equal("arrivals:dr.jones");
    expect(answer && textOf(answer)).to.match(/^Nobody else reads what is written here\./);
  });

  it("✅ keeps the record when it is taken back", async () => {
    const click = await practice.react("dr.jones", notice, "✅");
    await practice.deliver();
    await practice.event("dr.jones", { type: "m.room.redaction", content: { redacts: click.event_id } });
    expect(await practice.deliver()).to.deep.equal([]);
    expect(await state()).to.deep.equal(["acknowledged"]);
  });

  it("✅ of two clients at the same moment is one", async () => {
    await Promise.all([practice.react("dr.jones", notice, "✅"), practice.react("dr.jones", notice, "✅")]);
    expect((await practice.deliver()).map(({ type }) => type)).to.deep.equal(["m.room.redaction"]);
  });

  it("✅ while the booking is cancelled at the same moment ends in one of both, and the notice is gone", async () => {
    await Promise.all([practice.react("dr.jones", notice, "✅"), practice.put({ status: "cancelled" })]);
    expect((await state())[0]).to.be.oneOf(["acknowledged", "retracted"]);
    expect((await practice.deliver()).map(({ type }) => type)).to.deep.equal(["m.room.redaction"]);
  });

  for (const [who, sender] of [
    ["somebody else", "mia.chen"],
    ["the bot", "@whisper:practice.test"],
  ] as const) {
    it(`✅ by ${who} changes nothing`, async () => {
      await practice.react(sender, notice, "✅", "!arrivals:dr.jones");
      expect(await practice.deliver()).to.deep.equal([]);
      expect(await state()).to.deep.equal(["waiting"]);
    });
  }

  it("✅ on a notice that was taken back changes nothing", async () => {
    await practice.put({ status: "cancelled" });
    await practice.deliver();
    await practice.react("dr.jones", notice, "✅");
    expect(await practice.deliver()).to.deep.equal([]);
    expect(await state()).to.deep.equal(["retracted"]);
  });

  it("✅ on an earlier posting does not acknowledge the one that stands now", async () => {
    await practice.user("dr.smith", { doctor: true });
    await practice.put({ doctor: name("dr.smith") });
    await practice.put({});
    await practice.deliver();
    await practice.react("dr.jones", notice, "✅");
    expect((await practice.notices()).find(({ username }) => username === "dr.jones")).to.include({
      state: "waiting",
      posting: 2,
    });
  });

  it("✅ counts before the notice's event id was written down: it is found by the event that came in", async () => {
    const ref = (await practice.sent("arrivals:dr.jones"))[0]?.ref;
    await practice.database.query("UPDATE outbox SET event_id = NULL, sent_at = NULL WHERE ref = $1", [ref]);
    await practice.database.query(
      "INSERT INTO inbox (event_id, room_id, type, event) VALUES ($1, '!arrivals:dr.jones', 'm.room.message', $2)",
      [notice, { sender: "@whisper:practice.test", content: { "au.healthtrack.whisper.ref": ref } }],
    );
    await practice.react("dr.jones", notice, "✅");
    expect(await state()).to.deep.equal(["acknowledged"]);
  });

  it("cannot acknowledge by an event of their own that pretends to be a notice", async () => {
    const ref = (await practice.sent("arrivals:dr.jones"))[0]?.ref;
    await practice.put({ bookingId: "b2", patientId: "2", appointmentAt: minutes(200) });
    const forged = await write("x", null, { "au.healthtrack.whisper.ref": ref });
    await practice.react("dr.jones", forged.event_id, "✅");
    expect(await state()).to.deep.equal(["waiting", "waiting"]);
  });
});
