import { expect } from "chai";
import * as words from "../../../src/arrivals/notices/words.ts";
import type { EventId } from "../../../src/policy/model.ts";
import { expectLinear, repeated } from "../../support/growth.ts";
import { name, type Practice, textOf } from "../../support/practice/arrivals.ts";
import { openToldDoctor, type ToldDoctor } from "../../support/practice/told-doctor.ts";

const NOTICE = "A.J. has arrived · 10:30 appointment · Main St · Patient 12345";
const BETWEEN = "individual:dr.jones:mia.chen";

describe("a recipient who answers", () => {
  let practice: Practice;
  let notice: EventId;
  let noticeRef: string;
  let write: ToldDoctor["write"];
  let state: ToldDoctor["state"];
  beforeEach(async () => {
    ({ practice, notice, noticeRef, write, state } = await openToldDoctor());
  });
  afterEach(() => practice.close());

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

  it("in the thread is passed on to whoever marked the arrival, as the recipient, quoting the notice", async () => {
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

  it("with a rich reply is passed on without the fallback that older clients add", async () => {
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

  it("with a message that quotes a whole letter is handled like any other", async () => {
    const letter = `${"> Dear colleague,\n".repeat(39)}Please read this.`;
    await write(letter, null);
    await write(letter, { "m.in_reply_to": { event_id: notice } });
    const [message] = await passedOn();
    expect(message && textOf(message)).to.equal(`> ${NOTICE}\n\n${letter}`);
  });

  it("with hostile text is handled in linear time", async () => {
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

  it("to the bot's message in the thread is also passed on", async () => {
    await practice.react("dr.jones", notice, "↩️");
    const [thread] = await practice.deliver();
    await write("Coming", { "m.in_reply_to": { event_id: thread?.event_id } });
    expect(await passedOn()).to.have.length(1);
  });

  it("with a quick answer is passed on in the practice's words", async () => {
    await practice.react("dr.jones", notice, "⏳\ufe0f");
    const [message] = await passedOn();
    expect(message && textOf(message)).to.equal(`> ${NOTICE}\n\nFive minutes, please.`);
    expect(await state()).to.deep.equal(["replied"]);
  });

  it("with a picture is passed on after the quotation", async () => {
    const content = { msgtype: "m.image", body: "scan.png", url: "mxc://practice.test/scan" };
    await practice.event("dr.jones", {
      type: "m.room.message",
      content: { ...content, "m.relates_to": { ...inThread, event_id: notice } },
    });
    const all = await passedOn();
    expect(all.map(textOf)).to.deep.equal([`> ${NOTICE}`, "scan.png"]);
    expect(all[1]?.content).to.deep.equal(content);
  });

  it("and corrects it corrects what was passed on, under the same quotation", async () => {
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

  it("with more than fits into one message with the notice is told so, and nothing is passed on", async () => {
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

  it("and corrects it to something too long is told so", async () => {
    const reply = await write("Five minutes", { ...inThread, event_id: notice });
    const body = "x".repeat(16_000);
    const relation = { rel_type: "m.replace", event_id: reply.event_id };
    await write(`* ${body}`, relation, { "m.new_content": { msgtype: "m.text", body } });
    expect(await passedOn()).to.have.length(1);
    expect(await told()).to.deep.equal([
      "Your correction was not passed on: it is too long for one message. Send the rest as another reply.",
    ]);
  });

  it("and deletes it deletes what was passed on", async () => {
    const reply = await write("Wrong patient", { ...inThread, event_id: notice });
    await practice.deliver();
    await practice.event("dr.jones", { type: "m.room.redaction", content: { redacts: reply.event_id } });
    expect((await passedOn()).at(-1)).to.include({
      type: "m.room.redaction",
      target_ref: `arrival-reply:${reply.event_id}`,
      as_user: "@ht_dr.jones:practice.test",
    });
  });

  it("after the notice was retracted is passed on all the same", async () => {
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
    it(`is told if it cannot be passed on because whoever marked it ${why}`, async () => {
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

  it("outside any thread is told how to reply", async () => {
    await write("Hello?", null);
    const [answer] = await practice.deliver();
    expect(answer?.conversation).to.equal("arrivals:dr.jones");
    expect(answer && textOf(answer)).to.match(/^Nobody else reads what is written here\./);
  });

  describe("with something other than words", () => {
    const about = () => ({ "m.relates_to": { ...inThread, event_id: notice } });
    const polls = {
      "org.matrix.msc3381.poll.start": {
        "org.matrix.msc3381.poll.start": {
          question: { "org.matrix.msc1767.text": "Which room?" },
          answers: [
            { id: "1", "org.matrix.msc1767.text": "Two" },
            { id: "2", "org.matrix.msc1767.text": "Five" },
          ],
        },
      },
      "m.poll.start": {
        "m.poll": {
          question: { "m.text": [{ body: "Which room?" }] },
          answers: [
            { "m.id": "1", "m.text": [{ body: "Two" }] },
            { "m.id": "2", "m.text": [{ body: "Five" }] },
          ],
        },
      },
    };

    it("with a sticker is passed on as a picture", async () => {
      await practice.event("dr.jones", {
        type: "m.sticker",
        content: { body: "On my way", url: "mxc://practice.test/run", info: { w: 9 }, ...about() },
      });
      const [quotation, sticker] = await passedOn();
      expect(quotation && textOf(quotation)).to.equal(`> ${NOTICE}`);
      expect(sticker?.content).to.deep.include({
        msgtype: "m.image",
        body: "On my way",
        url: "mxc://practice.test/run",
        info: { w: 9 },
      });
      expect(await state()).to.deep.equal(["replied"]);
    });

    for (const [type, content] of Object.entries(polls)) {
      it(`with a poll is passed on in words: ${type}`, async () => {
        await practice.event("dr.jones", { type, content: { ...content, ...about() } });
        const [message] = await passedOn();
        expect(message && textOf(message)).to.equal(`> ${NOTICE}\n\nWhich room?\n• Two\n• Five`);
        expect(await state()).to.deep.equal(["replied"]);
      });
    }

    for (const type of ["m.sticker", "m.poll.start", "m.call.invite", "m.rtc.notification"]) {
      it(`about no patient is told how to reply: ${type}`, async () => {
        await practice.event("dr.jones", { type, content: { body: "Hello" } });
        expect(await told()).to.deep.equal([words.notAReply]);
        expect(await passedOn()).to.deep.equal([]);
      });
    }
  });
});
