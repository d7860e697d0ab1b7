/** "Link to a Patient" of the product text, by words in any client. */
import { expect } from "chai";
import { type MatrixEvent, NotificationCountType } from "matrix-js-sdk";
import { z } from "zod";
import { mustCallApi } from "../../../dev/clients/api.ts";
import type { Person } from "../../../dev/clients/person.ts";
import { eventually } from "../../support/eventually.ts";
import { openLink } from "../../support/http/open-link.ts";
import { openConversation } from "../../support/stack/conversation-api.ts";
import { settled } from "../../support/stack/settled.ts";
import { sharedStack, type TestStack } from "../../support/stack/stack.ts";
import { hire, unique } from "../../support/stack/staff.ts";

const PATIENTS = "au.healthtrack.whisper.patients";
const record = z.object({
  messages: z.array(z.object({ text: z.string().nullable(), deleted: z.boolean(), sender: z.string() })),
});

describe("Patients in a message", function () {
  this.timeout(120_000);
  let stack: TestStack;
  let [mia, jones] = ["", ""];
  let [miaAt, jonesAt]: [Person, Person] = [undefined as never, undefined as never];
  let room: string;

  before(async () => {
    stack = await sharedStack();
    [mia, jones] = [unique("mia"), unique("dr.jones")];
    miaAt = await hire(stack, mia);
    jonesAt = await hire(stack, jones, { doctor: true });
    ({ room } = await openConversation(stack, mia, { users: [jones] }));
    await settled(stack);
  });

  const unread = () =>
    jonesAt
      .rooms()
      .find(({ roomId }) => roomId === room)
      ?.getUnreadNotificationCount(NotificationCountType.Total);

  it("are links for everyone in the conversation: the one open in HealthTrack, and one typed with its zeros", async () => {
    await mustCallApi(stack, "PUT", `/api/v1/users/${mia}/current-patient`, { patient_id: "00400" });
    const sent = await miaAt.sendText(room, "Please see #patient and #patient 0012 today");
    const shown = await jonesAt.waitForEvent(
      "the message with its links",
      (event) =>
        event.getId() === sent &&
        event.getContent().body === "Please see Patient 00400 and Patient 0012 today",
    );
    // Whoever wrote it is still its author.
    expect(shown.getSender()).to.equal(miaAt.userId);
    const html = String(shown.getContent().formatted_body);
    const links = [...html.matchAll(/<a href="([^"]+)">(Patient \d+)<\/a>/g)];
    expect(links.map(([, , name]) => name)).to.deep.equal(["Patient 00400", "Patient 0012"]);
    for (const [, href, name] of links) {
      expect((await openLink(href ?? "")).text).to.contain(`Open ${name?.replace("P", "p")} in HealthTrack.`);
    }
    await settled(stack);
    expect(unread()).to.equal(1);
  });

  it("up to three patients can be linked in a single message, by the button that shares a patient too", async () => {
    const keyed = { msgtype: "m.text", body: "Three and one", [PATIENTS]: ["1", "02", "3", "4"] };
    const { event_id: sent } = await miaAt.client.sendEvent(room, "m.room.message" as never, keyed as never);
    const shown = await jonesAt.waitForEvent(
      "the message with its links",
      (event) => event.getId() === sent && event.getContent()[PATIENTS]?.length === 3,
    );
    expect(shown.getContent().body).to.equal("Three and one\nPatient 1 · Patient 02 · Patient 3");
    await miaAt.waitForText(/A message links up to 3 patients/);
  });

  it("go to the patient's record for members of the conversation, also once it was merged, and are in the medical record", async () => {
    const [old, into] = [`0${Date.now()}`, `9${Date.now()}`];
    const said = async () => {
      const { messages } = record.parse(await mustCallApi(stack, "GET", `/api/v1/patients/${into}/messages`));
      return messages.map(({ text, deleted, sender }) => [text, deleted, sender]);
    };
    const first = await miaAt.sendText(room, `Please call #patient ${old}`);
    const linked = (id: string) => (event: MatrixEvent) =>
      event.getId() === id && String(event.getContent().formatted_body).includes("/open/patient/");
    const shown = await jonesAt.waitForEvent("the link", linked(first));
    await mustCallApi(stack, "POST", `/api/v1/patients/${old}/merged`, { into });
    const [, href = ""] = /href="([^"]+)"/.exec(String(shown.getContent().formatted_body)) ?? [];
    expect((await openLink(href)).text).to.contain(`Open patient ${into} in HealthTrack.`);
    const second = await jonesAt.sendText(room, `Done with #patient ${old}`);
    await miaAt.waitForEvent("the link", linked(second));
    expect(await said()).to.deep.equal([
      [`Done with Patient ${old}`, false, jones],
      [`Please call Patient ${old}`, false, mia],
    ]);
    await jonesAt.client.redactEvent(room, second);
    expect(
      await eventually("the deletion", async () => (await said()).find(([text]) => text === null)),
    ).to.deep.equal([null, true, jones]);
  });

  it("are explained where nobody else sees it, if they cannot be linked", async () => {
    await miaAt.sendText(room, "About #patient 12,345");
    const told = await miaAt.waitForText(/could not read “12,345” as a Patient ID/);
    expect(told.getRoomId()).to.not.equal(room);
    await settled(stack);
    const seen = jonesAt.rooms().flatMap((each) => each.getLiveTimeline().getEvents());
    expect(seen.some((event) => String(event.getContent().body).includes("could not read"))).to.equal(false);
  });
});
