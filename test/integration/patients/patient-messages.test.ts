import { expect } from "chai";
import { redactionEvents } from "../../../src/messages/inbox-retention.ts";
import { patientEvents } from "../../../src/patients/events.ts";
import { rememberMerge } from "../../../src/patients/merged-patients.ts";
import type { RoomId } from "../../../src/policy/model.ts";
import { startTestApi, type TestApi } from "../../support/http/api.ts";
import { type House, id, openHouse } from "../../support/practice/conversations.ts";

interface Message {
  readonly event_id: string;
  readonly text: string | null;
  readonly edited: boolean;
  readonly deleted: boolean;
}

describe("what was said about a patient", () => {
  let house: House;
  let api: TestApi;
  let conversation: string;
  let room: RoomId;
  beforeEach(async () => {
    house = await openHouse(({ directory, settings }) => [
      patientEvents({ directory, settings, publicUrl: "https://whisper.practice.test" }),
      redactionEvents,
    ]);
    await house.staff({ users: ["anna", "mia"] });
    ({ id: conversation, room } = await house.opened("anna", { users: ["mia"] }));
    api = await startTestApi({ database: house.database });
  });
  afterEach(async () => {
    await api.close();
    await house.close();
  });

  let clock = Date.parse("2026-03-02T10:00:00Z");
  const send = (content: Record<string, unknown>, sender = "anna") => {
    clock += 1_000;
    return house.event({ room, sender: id(sender), type: "m.room.message", content, at: clock });
  };
  const say = (body: string, sender = "anna") => send({ msgtype: "m.text", body }, sender);
  const correct = (message: string, content: Record<string, unknown>, sender = "anna") =>
    send(
      {
        msgtype: "m.text",
        body: "* corrected",
        "m.new_content": { msgtype: "m.text", ...content },
        "m.relates_to": { rel_type: "m.replace", event_id: message },
      },
      sender,
    );
  const remove = (event: string, sender = "anna") =>
    house.event({
      room,
      sender: id(sender),
      type: "m.room.redaction",
      content: { redacts: event },
      redacts: event,
    });
  const about = async (patient: string, query = "") => {
    const { status, body } = await api.call("GET", `/api/v1/patients/${patient}/messages${query}`);
    expect(status).to.equal(200);
    return body as { messages: Message[]; next_cursor: string | null };
  };
  const texts = async (patient: string) => (await about(patient)).messages.map(({ text }) => text);
  /** The HTML by which Whisper linked a message's patients. */
  const linkedHtml = async (message: string) =>
    (await house.sent(conversation)).find(({ ref }) => ref === `patients:${message}`)?.content[
      "m.new_content"
    ] as { formatted_body: string };

  it("is each message that links them, newest first, with who said it where and when", async () => {
    const first = await say("See #patient 0012 today");
    await say("Nobody in particular");
    const second = await say("#patient 0012 and #patient 7 are here", "mia");
    const { messages } = await about("0012");
    expect(messages).to.deep.equal([
      {
        event_id: second,
        room_id: room,
        conversation_id: conversation,
        kind: "individual",
        sender: "mia",
        sent_at: new Date(clock).toISOString(),
        patient_ids: ["0012", "7"],
        text: "Patient 0012 and Patient 7 are here",
        edited: false,
        deleted: false,
      },
      { ...messages[1], event_id: first, sender: "anna", text: "See Patient 0012 today" },
    ]);
    expect(await texts("7")).to.have.length(1);
    expect(await texts("12")).to.deep.equal([]);
  });

  it("is the text of now: a correction counts, also one that keeps only the link", async () => {
    const message = await say("50 mg for #patient 123");
    const { formatted_body } = await linkedHtml(message);
    await correct(message, {
      body: "5 mg for Patient 123",
      format: "org.matrix.custom.html",
      formatted_body,
    });
    expect((await about("123")).messages).to.deep.include.members([
      { ...(await about("123")).messages[0], text: "5 mg for Patient 123", edited: true, deleted: false },
    ]);
    await correct(message, { body: "5 mg for #patient 124" });
    expect([await texts("123"), await texts("124")]).to.deep.equal([[], ["5 mg for Patient 124"]]);
    await correct(message, { body: "5 mg for nobody" });
    expect(await texts("124")).to.deep.equal([]);
  });

  it("is not what someone else makes of a message", async () => {
    const message = await say("5 mg for #patient 123");
    await correct(message, { body: "500 mg for #patient 123" }, "mia");
    await correct(message, { body: "Nothing" }, "mia");
    expect(await texts("123")).to.deep.equal(["5 mg for Patient 123"]);
  });

  it("shows that something was deleted, and no longer what; a late correction does not bring it back", async () => {
    const [message, other] = [await say("See #patient 123"), await say("Or #patient 123")];
    const edit = await correct(other, { body: "Or rather #patient 123" });
    await remove(message);
    await remove(edit);
    await correct(message, { body: "See #patient 123 again" });
    const { messages } = await about("123");
    expect(messages.map(({ text, deleted }) => [text, deleted])).to.deep.equal([
      [null, true],
      [null, true],
    ]);
    const { rows } = await house.database.query("SELECT FROM patient_messages WHERE body IS NOT NULL");
    expect(rows).to.have.length(0);
  });

  it("keeps nothing of a correction that comes after its message was deleted, also if that named nobody", async () => {
    const message = await say("Hello");
    await remove(message);
    await correct(message, { body: "See #patient 123" });
    expect((await about("123")).messages).to.deep.equal([]);
    const { rows } = await house.database.query("SELECT FROM patient_messages");
    expect(rows).to.have.length(0);
  });

  it("includes those whose records were merged into theirs, by any of the ids, each message once", async () => {
    await say("See #patient 1");
    await say("And #patient 2 with #patient 1");
    await house.database.transaction((tx) => rememberMerge(tx, "1", "2"));
    await say("Copied: see #patient 3");
    for (const patient of ["1", "2"])
      expect(await texts(patient)).to.deep.equal(["And Patient 2 with Patient 1", "See Patient 1"]);
  });

  it("is what carries a link by copy, too", async () => {
    const { formatted_body } = await linkedHtml(await say("See #patient 123"));
    await send(
      {
        msgtype: "m.text",
        body: "Anna wrote: See Patient 123",
        format: "org.matrix.custom.html",
        formatted_body,
      },
      "mia",
    );
    expect(await texts("123")).to.deep.equal(["Anna wrote: See Patient 123", "See Patient 123"]);
  });

  it("comes in pages that neither skip nor repeat", async () => {
    for (let count = 0; count < 5; count++) await say(`#patient 9 visit ${count}`);
    const seen: (string | null)[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const page: Awaited<ReturnType<typeof about>> = await about(
        "9",
        `?limit=2${cursor && `&cursor=${cursor}`}`,
      );
      seen.push(...page.messages.map(({ text }) => text));
      cursor = page.next_cursor;
      await say("Meanwhile #patient 9");
    }
    expect(seen).to.deep.equal([4, 3, 2, 1, 0].map((count) => `Patient 9 visit ${count}`));
  });

  it("needs the scope for the audit record", async () => {
    const authorization = `Bearer ${await api.newKey(["users:read", "messages:write", "bookings:write"])}`;
    const { status } = await api.call("GET", "/api/v1/patients/1/messages", undefined, { authorization });
    expect(status).to.equal(403);
  });
});
