import { expect } from "chai";
import { Registry } from "prom-client";
import { smsMetrics } from "../../../src/sms/record/metrics.ts";
import { openSmsHouse, type SmsHouse } from "../../support/sms/sms-house.ts";

describe("the metrics of SMS", function () {
  this.timeout(20_000);
  let sms: SmsHouse;
  beforeEach(async () => {
    sms = await openSmsHouse();
  });
  afterEach(() => sms.close());

  it("count them by state, every state, and name no number, person or text", async () => {
    const { room } = await sms.between("anna", "mia");
    await sms.house.say(room, "anna", "Confidential #sms");
    await sms.work();
    sms.twilio.faults.push("503 not accepted");
    await sms.house.say(room, "anna", "Confidential again #sms");
    for (let minute = 0; minute < 15; minute++) {
      await sms.work(3);
      sms.house.clock += 60_000;
    }
    await sms.house.database.query(
      "UPDATE sms_messages SET created_at = now() - interval '2 days' WHERE state = 'review'",
    );
    const registry = new Registry();
    smsMetrics(registry, sms.house.database);
    const text = await registry.metrics();
    expect(text).to.include('whisper_sms{state="delivered"} 1');
    expect(text).to.include('whisper_sms{state="review"} 0').and.to.include('whisper_sms{state="unknown"} 0');
    expect(text).to.include("whisper_sms_in_review 1");
    expect(text).not.to.match(/412345678|anna|mia|Confidential/i);
  });
});
