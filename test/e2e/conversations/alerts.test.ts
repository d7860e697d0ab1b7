import { expect } from "chai";
import { z } from "zod";
import { callApi, mustCallApi } from "../../../dev/clients/api.ts";
import type { Person } from "../../../dev/clients/person.ts";
import { refusalOf } from "../../../dev/clients/room-events.ts";
import { eventually } from "../../support/eventually.ts";
import { sharedStack, type TestStack } from "../../support/stack/stack.ts";
import { hire, putGroup, roomOfKind, unique } from "../../support/stack/staff.ts";

const posted = z.object({ id: z.string() });
const alertNow = z.object({
  state: z.string(),
  seen_by: z.array(z.string()),
  not_seen_by: z.array(z.string()),
});

describe("Alert Notifications", function () {
  this.timeout(60_000);
  let stack: TestStack;
  let people: Person[];

  before(async function () {
    this.timeout(180_000);
    stack = await sharedStack();
    people = [await hire(stack, unique("anna")), await hire(stack, unique("ben"))];
  });

  const post = async (alert: object): Promise<string> =>
    posted.parse(await mustCallApi(stack, "POST", "/api/v1/alerts", alert)).id;

  it("alerts are for system wide alerts intended for every user, such as shutdown notifications", async () => {
    const text = `Shutdown at noon ${unique("today")}.`;
    await post({ text, severity: "critical" });
    for (const person of people) {
      const room = await roomOfKind(person, "alerts");
      const alert = await person.waitForText(text, room.roomId);
      expect(alert.getSender()).to.equal("@whisper:localhost");
      expect(alert.getContent()["m.mentions"]).to.deep.equal({ room: true });
      expect((await refusalOf(person.sendText(room.roomId, "Which noon?"))).text).to.match(
        /Only Whisper writes here/,
      );
    }
  });

  it("show who has seen them: in the room of those who look after Whisper, and by API", async () => {
    const boss = unique("boss");
    const bossAt = await hire(stack, boss, { permissions: ["AccessWhisper", "WhisperAdmin"] });
    await putGroup(stack, "HMS-Administrator", [boss]);
    const [reader, other] = people;
    if (reader === undefined || other === undefined) throw new Error("nobody");
    const text = `Fire drill ${unique("today")}`;
    const id = await post({ text, severity: "warning" });
    const shown = await reader.waitForText(text);
    await other.waitForText(text);
    await reader.markRead(shown);
    await eventually("the receipt", async () => {
      const { body } = await callApi(stack, "GET", `/api/v1/alerts/${id}`);
      const { state, seen_by, not_seen_by } = alertNow.parse(body);
      return state === "shown" && seen_by.length === 1 && not_seen_by.length > 0 ? true : undefined;
    });
    const admin = await roomOfKind(bossAt, "admin");
    await bossAt.sendText(admin.roomId, "alert status");
    const answer = await bossAt.waitForText(new RegExp(`⚠️ ${text}`), admin.roomId);
    expect(answer.getContent().body).to.match(/Seen by 1 person\. Not yet by /);
  });

  it("are gone when they are withdrawn, and when their time is over", async () => {
    const [person] = people;
    if (person === undefined) throw new Error("nobody");
    const withdrawn = `Lunch ${unique("today")}`;
    const id = await post({ text: withdrawn });
    const shown = await person.waitForText(withdrawn);
    await mustCallApi(stack, "DELETE", `/api/v1/alerts/${id}`);
    await person.waitForRedaction(shown.getId() ?? "");
    const expiring = `Meeting ${unique("now")}`;
    await post({ text: expiring, expires_at: new Date(Date.now() + 1_500).toISOString() });
    const meeting = await person.waitForText(expiring);
    await person.waitForRedaction(meeting.getId() ?? "");
    expect((await callApi(stack, "DELETE", "/api/v1/alerts/999999")).status).to.equal(404);
  });

  it("are refused when they cannot become a message, and hold up nobody", async () => {
    const [person] = people;
    if (person === undefined) throw new Error("nobody");
    for (const text of ['"'.repeat(10_000), '"<'.repeat(5_000), "\u2028\"'".repeat(3_333)]) {
      const answer = await callApi(stack, "POST", "/api/v1/alerts", { text });
      expect(answer.status).to.equal(400);
      expect(answer.body).to.have.nested.property("errors[0].path", "text");
    }
    // The largest text that is accepted does arrive: Synapse counts as Whisper does.
    const word = unique("largest");
    const sized = (quotes: number) => `${word} ${'"'.repeat(quotes)}`;
    const taken = async (quotes: number) =>
      (await callApi(stack, "POST", "/api/v1/alerts", { text: sized(quotes) })).status === 200;
    let [fits, not] = [8_000, 9_000];
    expect(await taken(not)).to.equal(false);
    while (not - fits > 1) {
      const middle = Math.floor((fits + not) / 2);
      if (await taken(middle)) fits = middle;
      else not = middle;
    }
    const behind = `Evacuate ${unique("now")}.`;
    await post({ text: behind, severity: "critical" });
    await person.waitForText(behind);
    await person.waitForText(sized(fits));
  });
});
