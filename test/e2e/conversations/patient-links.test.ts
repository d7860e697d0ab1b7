/** "Link to a Patient" of the product text, by words in any client. */
import { expect } from "chai";
import { NotificationCountType } from "matrix-js-sdk";
import { mustCallApi } from "../../../dev/clients/api.ts";
import type { Person } from "../../../dev/clients/person.ts";
import { openLink } from "../../support/http/open-link.ts";
import { openConversation } from "../../support/stack/conversation-api.ts";
import { settled } from "../../support/stack/settled.ts";
import { sharedStack, type TestStack } from "../../support/stack/stack.ts";
import { hire, unique } from "../../support/stack/staff.ts";

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

  it("are explained where nobody else sees it, if they cannot be linked", async () => {
    await miaAt.sendText(room, "About #patient 12,345");
    const told = await miaAt.waitForText(/could not read “12,345” as a Patient ID/);
    expect(told.getRoomId()).to.not.equal(room);
    await settled(stack);
    const seen = jonesAt.rooms().flatMap((each) => each.getLiveTimeline().getEvents());
    expect(seen.some((event) => String(event.getContent().body).includes("could not read"))).to.equal(false);
  });
});
