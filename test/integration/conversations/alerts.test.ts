import { expect } from "chai";
import {
  type AlertSeverity,
  expireAlert,
  postAlert,
  withdrawAlert,
} from "../../../src/conversations/alerts.ts";
import { type House, openHouse } from "../../support/practice/conversations.ts";

describe("alerts", () => {
  let house: House;
  beforeEach(async () => {
    house = await openHouse();
  });
  afterEach(() => house.close());

  const post = (text: string, severity: AlertSeverity = "info", expiresAt: Date | null = null) =>
    house.database.transaction(async (tx) => (await postAlert(tx, { text, severity, expiresAt })) ?? "none");
  const withdraw = (id: string) => house.database.transaction((tx) => withdrawAlert(tx, id));

  it("are one message each in the alerts room, with their severity, and the room is created if it is missing", async () => {
    const id = await post("The phones are down & the door <sticks>.", "warning");
    const [sent] = await house.sent();
    expect(sent).to.include({ ref: `alert:${id}`, type: "m.room.message" });
    expect(sent?.content).to.include({
      msgtype: "m.text",
      body: "⚠️ Warning: The phones are down & the door <sticks>.",
      formatted_body: "⚠️ <strong>Warning</strong><br>The phones are down &#38; the door &#60;sticks&#62;.",
    });
    expect(await house.takeJobs("room")).to.deep.equal([{ conversation_id: sent?.conversation_id }]);
  });

  it("mention everyone if they are critical, and only then", async () => {
    for (const severity of ["info", "warning", "critical"] as const) await post("Text", severity);
    expect((await house.sent()).map((sent) => sent.content["m.mentions"])).to.deep.equal([
      {},
      {},
      { room: true },
    ]);
  });

  it("are withdrawn once, by redacting that message", async () => {
    const id = await post("Lunch is served.");
    expect([await withdraw(id), await withdraw(id)]).to.deep.equal([true, true]);
    const redactions = (await house.sent()).filter((sent) => sent.type === "m.room.redaction");
    expect(redactions.map((sent) => sent.target_ref)).to.deep.equal([`alert:${id}`]);
    for (const unknown of ["999", "x", "", "1; DROP TABLE alerts", "9".repeat(40)]) {
      expect(await withdraw(unknown)).to.equal(false);
    }
  });

  it("are removed when they expire, unless they were withdrawn before", async () => {
    const at = new Date(Date.now() + 60_000);
    const id = await post("Until ten.", "info", at);
    expect(await house.takeJobs("alert_expiry")).to.deep.equal([{ alert_id: id }]);
    await expireAlert(house.database, id);
    await expireAlert(house.database, id);
    expect((await house.sent()).filter((sent) => sent.type === "m.room.redaction")).to.have.lengthOf(1);
  });
});
