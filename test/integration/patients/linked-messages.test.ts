import { expect } from "chai";
import { closePatient, openPatient } from "../../../src/patients/current-patient.ts";
import { patientEvents } from "../../../src/patients/events.ts";
import { openPatientLink } from "../../../src/patients/patient-links.ts";
import * as words from "../../../src/patients/words.ts";
import type { EventId, RoomId, Username } from "../../../src/policy/model.ts";
import { type House, id, openHouse } from "../../support/practice/conversations.ts";

const URL = "https://whisper.practice.test";
const PATIENTS = "au.healthtrack.whisper.patients";

describe("patients that a message names", () => {
  let house: House;
  let conversation: string;
  let room: RoomId;
  beforeEach(async () => {
    house = await openHouse(({ directory, settings }) => [
      patientEvents({ directory, settings, publicUrl: URL }),
    ]);
    await house.staff({ users: ["anna", "mia"] });
    ({ id: conversation, room } = await house.opened("anna", { users: ["mia"] }));
  });
  afterEach(() => house.close());

  const send = (content: Record<string, unknown>, sender = "anna") =>
    house.event({ room, sender: id(sender), type: "m.room.message", content });
  /** The edits that Whisper has queued. */
  const edits = async () =>
    (await house.sent(conversation)).map(({ content, ...rest }) => ({
      ...rest,
      content: content as unknown as { "m.new_content": Record<string, string>; body: string },
    }));
  const toldTo = async (username: string) =>
    (await house.sent(await house.controlOf(username))).map(({ content }) => content.body);
  /** What a link in the HTML opens. */
  const opens = async (html: string | undefined) =>
    Promise.all(
      [...(html ?? "").matchAll(/\/open\/patient\/([\w-]+)"/g)].map(async ([, token]) => {
        const found = await openPatientLink(house.database, token ?? "");
        return typeof found === "string" ? found : found.patientId;
      }),
    );

  it("are linked in place by an edit as the sender, with their leading zeros", async () => {
    await house.say(room, "anna", "See #patient 0012, and\n<b> #patient:77 first");
    const [edit, ...others] = await edits();
    expect(others).to.deep.equal([]);
    const now = edit?.content["m.new_content"];
    expect(now?.body).to.equal("See Patient 0012, and\n<b> Patient 77 first");
    expect(now?.formatted_body?.replaceAll(/href="[^"]*"/g, "href")).to.equal(
      "See <a href>Patient 0012</a>, and<br>&#60;b&#62; <a href>Patient 77</a> first",
    );
    expect(now?.[PATIENTS]).to.deep.equal(["0012", "77"]);
    expect(edit?.content).to.deep.include({ "m.mentions": {}, body: `* ${now?.body}` });
    expect(await opens(now?.formatted_body)).to.deep.equal(["0012", "77"]);
    expect((await sentAs(edit?.ref)).as_user).to.equal(id("anna"));
  });

  const sentAs = async (ref: string | undefined) => {
    const { rows } = await house.database.query("SELECT as_user, target_event FROM outbox WHERE ref = $1", [
      ref,
    ]);
    return rows[0] ?? {};
  };

  it("keep the rest of a formatted message, its mentions and its thread as they were", async () => {
    await send({
      msgtype: "m.text",
      body: "**Look** at #patient 5, Mia",
      format: "org.matrix.custom.html",
      formatted_body:
        '<strong>Look</strong> at #patient <em>5</em>, <a href="https://matrix.to/#/@x">Mia</a>',
      "m.mentions": { user_ids: [id("mia")] },
      "m.relates_to": { rel_type: "m.thread", event_id: "$root", is_falling_back: true },
    });
    const now = (await edits())[0]?.content["m.new_content"];
    expect(now?.formatted_body?.replace(/href="[^"]*open[^"]*"/, "href")).to.equal(
      '<strong>Look</strong> at <a href>Patient 5</a><em></em>, <a href="https://matrix.to/#/@x">Mia</a>',
    );
    expect(now?.["m.mentions"]).to.deep.equal({ user_ids: [id("mia")] });
    expect(now).to.not.have.property("m.relates_to");
  });

  it("may be whoever is open in HealthTrack", async () => {
    await openPatient(house.database, "anna" as Username, "00400");
    await house.say(room, "anna", "Please look at #patient and #patient 00400 now");
    const now = (await edits())[0]?.content["m.new_content"];
    expect(now?.body).to.equal("Please look at Patient 00400 and Patient 00400 now");
    expect(now?.[PATIENTS]).to.deep.equal(["00400"]);
    await closePatient(house.database, "anna" as Username);
    await house.say(room, "anna", "And #patient");
    expect(await edits()).to.have.length(1);
    expect(await toldTo("anna")).to.deep.equal([words.noneOpen]);
  });

  it("are linked after the text if only the content names them, and after a caption", async () => {
    await send({ msgtype: "m.text", body: "Two for you", [PATIENTS]: ["012", 7, "9", "012", "a\nb"] });
    await send({ msgtype: "m.image", body: "Scan of #patient 3", filename: "scan.png", url: "mxc://a/b" });
    const [keyed, image] = (await edits()).map(({ content }) => content["m.new_content"]);
    expect(keyed?.body).to.equal("Two for you\nPatient 012 · Patient 9");
    expect(await opens(keyed?.formatted_body)).to.deep.equal(["012", "9"]);
    expect(image).to.include({ body: "Scan of Patient 3", filename: "scan.png", url: "mxc://a/b" });
  });

  it("are three at most, and the sender is told about the rest", async () => {
    await house.say(room, "anna", "#patient 1 #patient 2 #patient 3 #patient 4");
    const now = (await edits())[0]?.content["m.new_content"];
    expect(now?.body).to.equal("Patient 1 Patient 2 Patient 3 #patient 4");
    expect(await toldTo("anna")).to.deep.equal([words.tooMany]);
  });

  it("are not guessed: the sender is told what could not be read", async () => {
    await house.say(room, "anna", "#patient 12,345");
    expect(await edits()).to.deep.equal([]);
    expect(await toldTo("anna")).to.deep.equal([words.unreadable(["12,345"])]);
  });

  it("are linked in a correction too, under the message that it corrects, and only once", async () => {
    const first = await house.say(room, "anna", "See patient 4");
    await send({
      msgtype: "m.text",
      body: "* See #patient 4",
      "m.new_content": { msgtype: "m.text", body: "See #patient 4" },
      "m.relates_to": { rel_type: "m.replace", event_id: first },
    });
    const [edit] = await edits();
    expect((await sentAs(edit?.ref)).target_event).to.equal(first);
    // Synapse tells of Whisper's own edit as of any other.
    await send({
      ...(edit?.content as object),
      "au.healthtrack.whisper.ref": edit?.ref,
      "m.relates_to": { rel_type: "m.replace", event_id: first as EventId },
    });
    expect(await edits()).to.have.length(1);
  });

  describe("in a message that its sender changes", () => {
    const correct = (message: string, body: string) =>
      send({
        msgtype: "m.text",
        body: `* ${body}`,
        "m.new_content": { msgtype: "m.text", body },
        "m.relates_to": { rel_type: "m.replace", event_id: message },
      });
    const outbox = async () =>
      (
        await house.database.query<{ ref: string; state: string }>(
          `SELECT ref, CASE WHEN dropped_at IS NOT NULL THEN 'dropped' WHEN sent_at IS NOT NULL THEN 'sent' ELSE 'waits' END AS state
           FROM outbox WHERE ref LIKE 'patients:%' ORDER BY seq`,
        )
      ).rows.map(({ ref, state }) => [ref, state]);
    const remove = (message: string) =>
      house.event({
        room,
        sender: id("anna"),
        type: "m.room.redaction",
        content: { redacts: message },
        redacts: message,
      });

    it("are not linked any more once it was corrected", async () => {
      const message = "$slow";
      await correct(message, "5 mg for the other one");
      await house.event({
        room,
        sender: id("anna"),
        type: "m.room.message",
        content: { msgtype: "m.text", body: "50 mg for #patient 123" },
        eventId: message,
      });
      expect(await outbox()).to.deep.equal([]);
    });

    it("are not linked by an edit that still waits when it is corrected, which would bring the old text back", async () => {
      const message = await house.say(room, "anna", "50 mg for #patient 123");
      const second = await correct(message, "5 mg for #patient 123");
      await correct(message, "5 mg for the other one");
      expect(await outbox()).to.deep.equal([
        [`patients:${message}`, "dropped"],
        [`patients:${second}`, "dropped"],
      ]);
    });

    it("go with it: an edit that waits is never sent, and one that was sent is deleted too, as the sender", async () => {
      const [waits, sent] = [
        await house.say(room, "anna", "See #patient 1"),
        await house.say(room, "anna", "See #patient 2"),
      ];
      await house.database.query(
        "UPDATE outbox SET attempted_at = now(), sent_at = now(), event_id = '$edit' WHERE ref = $1",
        [`patients:${sent}`],
      );
      await remove(waits);
      await remove(sent);
      expect(await outbox()).to.deep.equal([
        [`patients:${waits}`, "dropped"],
        [`patients:${sent}`, "sent"],
        [`patients:${sent}:removed`, "waits"],
      ]);
      const { rows } = await house.database.query(
        "SELECT as_user, type, target_ref FROM outbox WHERE ref = $1",
        [`patients:${sent}:removed`],
      );
      expect(rows).to.deep.equal([
        { as_user: id("anna"), type: "m.room.redaction", target_ref: `patients:${sent}` },
      ]);
    });
  });

  for (const body of ["`#patient 5`", "> #patient 5", "##patient 5", "patient 5", "#patients 5"])
    it(`are none in ${JSON.stringify(body)}`, async () => {
      await house.say(room, "anna", body);
      expect(await edits()).to.deep.equal([]);
    });

  it("are refused with what to do if the links do not fit", async () => {
    await house.say(room, "anna", `#patient 5 ${"é".repeat(14_500)}`);
    expect(await edits()).to.deep.equal([]);
    expect(await toldTo("anna")).to.deep.equal([words.tooLong]);
  });
});
