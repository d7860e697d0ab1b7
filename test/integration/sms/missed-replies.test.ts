import { expect } from "chai";
import type { ReceivedSms } from "../../../dev/clients/twilio-messages.ts";
import type { RoomId } from "../../../src/policy/model.ts";
import { fetchMissedReplies } from "../../../src/sms/missed-replies.ts";
import { forgetReplies } from "../../../src/sms/record/replies.ts";
import * as words from "../../../src/sms/words.ts";
import { MOBILE, openSmsHouse, type SmsHouse } from "../../support/sms/sms-house.ts";

const HOUR = 3_600_000;

describe("An SMS that came in while Whisper could not be told", () => {
  let sms: SmsHouse;
  let room: RoomId;
  let conversation: string;
  beforeEach(async () => {
    sms = await openSmsHouse();
    ({ room, id: conversation } = await sms.between("anna", "mia"));
    await sms.house.say(room, "anna", "Hello #sms");
    await sms.work();
  });
  afterEach(() => sms.close());

  const fetchReplies = () => fetchMissedReplies(sms.dependencies());
  const replies = async () =>
    (await sms.house.sent()).flatMap(({ ref, content, conversation_id }) =>
      ref.startsWith("sms-in:") ? [{ body: content.body, here: conversation_id === conversation }] : [],
    );
  /** It came this long ago, and Whisper was away since before. */
  const longAgo = async (received: ReceivedSms, ago: number) => {
    received.createdAt.setTime(received.createdAt.getTime() - ago);
    await sms.house.database.query(
      "UPDATE sms_fetches SET until = until - $1 * interval '1 millisecond' - interval '1 minute'",
      [ago],
    );
  };

  it("is fetched, in the order in which they were written, once", async () => {
    await fetchReplies();
    const first = sms.twilio.receive(MOBILE, "One");
    first.createdAt.setTime(first.createdAt.getTime() + 1_000);
    const second = sms.twilio.receive(MOBILE, "Two");
    second.createdAt.setTime(second.createdAt.getTime() + 2_000);
    await fetchReplies();
    await fetchReplies();
    expect(await sms.twilio.tell(first)).to.equal(200);
    expect(await replies()).to.deep.equal([
      { body: "📱 One", here: true },
      { body: "📱 Two", here: true },
    ]);
  });

  it("is not put in again if it was heard of when it came", async () => {
    await fetchReplies();
    await sms.twilio.incoming(MOBILE, "One");
    await fetchReplies();
    expect(await replies()).to.have.length(1);
  });

  it("is not ours if it came before Whisper first ran", async () => {
    sms.twilio.receive(MOBILE, "To someone else");
    await fetchReplies();
    await longAgo(sms.twilio.receive(MOBILE, "Ours"), 0);
    sms.twilio.received[0]?.createdAt.setTime(Date.now() - 3 * HOUR);
    await fetchReplies();
    expect((await replies()).map(({ body }) => body)).to.deep.equal(["📱 Ours"]);
  });

  for (const minutes of [-180, 180])
    it(`is fetched with Twilio's clock ${minutes} minutes from ours`, async () => {
      sms.twilio.clockAhead = minutes * 60_000;
      await fetchReplies();
      const received = sms.twilio.receive(MOBILE, "Hello");
      received.createdAt.setTime(received.createdAt.getTime() + 2_000);
      await fetchReplies();
      expect(await replies()).to.deep.equal([{ body: "📱 Hello", here: true }]);
    });

  it("belongs to the conversation of the SMS before it, though a colleague's went out since", async () => {
    await fetchReplies();
    await sms.house.staff({
      users: [
        { username: "anna", name: "Anna Lee" },
        { username: "mia", name: "Mia Chen", mobile: "0412 345 678" },
        { username: "max", name: "Max Chen" },
      ],
    });
    await sms.house.database.query("UPDATE sms_attempts SET started_at = started_at - interval '2 hours'");
    const reply = sms.twilio.receive(MOBILE, "On my way");
    await longAgo(reply, HOUR);
    const other = await sms.between("max", "mia");
    await sms.house.say(other.room, "max", "Newer #sms");
    await sms.work();
    sms.house.clock = Date.now();
    await fetchReplies();
    const [found] = await replies();
    expect(found?.here).to.equal(true);
    expect(found?.body).to.match(/^📱 \(\w+, \d+ \w+, \d+:\d\d.[ap]m\) On my way$/);
  });

  it("belongs to the conversation even if Whisper was away for longer than a reply may take", async () => {
    await fetchReplies();
    await sms.house.database.query("UPDATE sms_attempts SET started_at = started_at - interval '31 days'");
    await longAgo(sms.twilio.receive(MOBILE, "On my way"), 30 * 24 * HOUR);
    await fetchReplies();
    expect((await replies()).map(({ here }) => here)).to.deep.equal([true]);
  });

  it("is in the admin room if nobody has the number", async () => {
    await fetchReplies();
    sms.twilio.receive("+61499111222", "Who is this?");
    await fetchReplies();
    expect(await replies()).to.deep.equal([
      { body: words.fromNobody("+61499111222", "Who is this?"), here: false },
    ]);
  });

  it("and said STOP does not count after a START that was heard at once", async () => {
    await fetchReplies();
    await longAgo(sms.twilio.receive(MOBILE, "STOP"), HOUR);
    await sms.twilio.incoming(MOBILE, "START");
    await fetchReplies();
    await sms.house.say(room, "anna", "Two #sms");
    await sms.work();
    expect(sms.twilio.sent).to.have.length(2);
  });

  it("and said STOP counts", async () => {
    await fetchReplies();
    sms.twilio.receive(MOBILE, "STOP");
    await fetchReplies();
    await sms.house.say(room, "anna", "Two #sms");
    await sms.work();
    expect(sms.twilio.sent).to.have.length(1);
    expect(await sms.notes()).to.deep.equal([words.stopped("Mia Chen"), words.optedOut("Mia Chen")]);
  });

  it("is fetched later if Twilio does not answer now", async () => {
    await fetchReplies();
    sms.twilio.receive(MOBILE, "One");
    const { whisper } = sms.twilio;
    sms.twilio.onListed = async () => "drop";
    await fetchReplies();
    expect(await replies()).to.deep.equal([]);
    sms.twilio.onListed = null;
    sms.twilio.whisper = whisper;
    await fetchReplies();
    expect(await replies()).to.have.length(1);
  });

  it("is said to be at the SMS service only, if more came than can be fetched", async () => {
    await fetchReplies();
    for (let nth = 0; nth < 2_050; nth++) sms.twilio.receive("+61499111222", "");
    await fetchReplies();
    await fetchReplies();
    const told = (await sms.house.sent()).filter(({ ref }) => ref.startsWith("sms-missed:"));
    expect(told.map(({ content }) => content.body)).to.include(words.repliesLeftOut);
  });

  it("is looked for in the room first: a Whisper whose database was lost since may have put it in", async () => {
    await fetchReplies();
    sms.twilio.receive(MOBILE, "One");
    sms.twilio.receive("+61499111222", "Two");
    await fetchReplies();
    const { rows } = await sms.house.database.query<{ looks: boolean }>(
      "SELECT attempted_at IS NOT NULL AS looks FROM outbox WHERE ref LIKE 'sms-in:%'",
    );
    expect(rows).to.deep.equal([{ looks: true }, { looks: true }]);
  });

  it("stays known for as long as it is fetched again, however long Whisper is away", async () => {
    await fetchReplies();
    await sms.twilio.incoming(MOBILE, "One");
    sms.house.clock += 60 * 24 * HOUR;
    await forgetReplies(sms.house.database, new Date(Date.now() + 30 * 24 * HOUR));
    await fetchReplies();
    expect(await replies()).to.have.length(1);
  });
});
