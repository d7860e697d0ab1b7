import { expect } from "chai";
import pg from "pg";
import { bodyOf } from "../../../dev/clients/room-events.ts";
import { eventually } from "../../support/eventually.ts";
import { MIA_MOBILE, type SmsStack, startSmsStack } from "../../support/sms/sms-stack.ts";
import { settled } from "../../support/stack/settled.ts";

describe("Replies by SMS that came while Whisper was away arrive once, though it is killed by SIGKILL while it fetches them", function () {
  this.timeout(300_000);
  let sms: SmsStack;
  before(async () => {
    sms = await startSmsStack();
    await sms.anna.sendText(sms.room, "Where are you? #sms");
    await sms.until("Where are you?", ["delivered"]);
    await settled(sms.stack);
    await sms.stack.killWhisper();
  });
  after(() => sms?.stop());

  const count = async (query: string): Promise<number> => {
    const client = new pg.Client(sms.stack.databaseUrl);
    await client.connect();
    try {
      return (await client.query<{ count: number }>(query)).rows[0]?.count ?? 0;
    } finally {
      await client.end();
    }
  };

  it("whether nothing, a part, or everything was taken in by then", async () => {
    const replies = Array.from({ length: 30 }, (_, nth) => `Reply ${nth}.`);
    for (const reply of replies) sms.twilio.receive(MIA_MOBILE, reply);
    const asked = Promise.withResolvers<void>();
    sms.twilio.onListed = async () => {
      await sms.stack.killWhisper();
      asked.resolve();
      return "drop";
    };
    await sms.stack.startWhisper();
    await asked.promise;
    sms.twilio.onListed = null;
    expect(await count("SELECT count(*)::int FROM sms_replies")).to.equal(0);

    await sms.stack.startWhisper();
    await eventually("a reply to be taken in", async () =>
      (await count("SELECT count(*)::int FROM sms_replies")) > 0 ? true : undefined,
    );
    await sms.stack.killWhisper();

    await sms.stack.startWhisper();
    await sms.anna.waitForText(/Reply 29[.]/, sms.room);
    await sms.stack.killWhisper();
    await sms.stack.startWhisper();
    await settled(sms.stack);
    const timeline = sms.anna.client.getRoom(sms.room)?.getLiveTimeline().getEvents() ?? [];
    const arrived = timeline.map(bodyOf).filter((body) => body.includes("Reply "));
    expect(arrived).to.deep.equal(replies.map((reply) => `📱 ${reply}`));
  });
});
