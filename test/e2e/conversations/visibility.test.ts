import { expect } from "chai";
import pg from "pg";
import type { Person } from "../../../dev/clients/person.ts";
import { eventually } from "../../support/eventually.ts";
import { listConversations, openConversation } from "../../support/stack/conversation-api.ts";
import { settled } from "../../support/stack/settled.ts";
import { freshStack, type TestStack } from "../../support/stack/stack.ts";
import { hire, unique } from "../../support/stack/staff.ts";

const ARCHIVED = "au.healthtrack.whisper.archived";

/** Here three days are one second. */
describe("Three-day visibility", function () {
  this.timeout(60_000);
  let stack: TestStack;
  const [anna, ben] = [unique("anna"), unique("ben")];
  let annaAt: Person;
  let benAt: Person;
  let room: string;

  before(async function () {
    this.timeout(240_000);
    stack = await freshStack({ env: { WHISPER_CONVERSATIONS__ARCHIVE_AFTER: "1s" } });
    [annaAt, benAt] = [await hire(stack, anna), await hire(stack, ben)];
    ({ room } = await openConversation(stack, anna, { users: [ben] }));
    for (const person of [annaAt, benAt])
      await person.waitForRoom("the conversation", (each) => each.roomId === room);
  });
  after(() => stack?.stop());

  /** Runs the hourly check now. */
  async function look(): Promise<void> {
    const client = new pg.Client(stack.databaseUrl);
    await client.connect();
    await client.query("SELECT graphile_worker.add_job('visibility')");
    await client.end();
  }
  const tagsOf = (person: Person) => person.client.getRoom(room)?.tags ?? {};
  const isArchived = (person: Person) => tagsOf(person)["m.lowpriority"] !== undefined;
  /** The list knows the time by the clock. The tag follows at the next check. */
  const archived = async (username: string, left = room) => {
    await eventually(
      "the conversation to leave the list",
      async () => !(await listConversations(stack, username)).some((each) => each.room_id === left),
    );
    await look();
  };

  it("if the conversation contains unread messages, it will remain visible indefinitely", async () => {
    const message = await annaAt.sendText(room, "Read me.");
    const received = await benAt.waitForEvent("the message", (event) => event.getId() === message);
    await archived(anna);
    await annaAt.until("the tag in the author's client", () => isArchived(annaAt));
    expect(isArchived(benAt)).to.equal(false);
    expect((await listConversations(stack, ben)).find((each) => each.room_id === room)).to.include({
      unread: 1,
    });
    await benAt.client.setRoomTag(room, "m.favourite", { order: 0.2 });
    // A private receipt counts too.
    await benAt.client.sendReadReceipt(received, "m.read.private" as never);
  });

  it("once the messages are read, the conversations will no longer appear", async () => {
    await archived(ben);
    const tags = await benAt.until("the tag in the reader's client", () =>
      isArchived(benAt) ? tagsOf(benAt) : undefined,
    );
    expect(tags["m.lowpriority"]).to.include({ [ARCHIVED]: true });
    expect(tags["m.favourite"]).to.deep.equal({ order: 0.2 });
  });

  it("a message brings the conversation back for every member", async () => {
    const message = await annaAt.sendText(room, "Something new.");
    for (const person of [annaAt, benAt]) await person.until("the tag to go", () => !isArchived(person));
    expect(tagsOf(benAt)["m.favourite"]).to.deep.equal({ order: 0.2 });
    await benAt.markRead(await benAt.waitForEvent("the message", (event) => event.getId() === message));
  });

  it("what was read while Whisper was down, also privately, leaves the list all the same", async () => {
    const cara = unique("cara");
    const caraAt = await hire(stack, cara, {}, { pastTheGate: true });
    const benAgain = await stack.signIn(ben, { pastTheGate: true });
    const group = await openConversation(stack, anna, { users: [ben, cara] }, "Quiet list");
    for (const person of [benAgain, caraAt])
      await person.waitForRoom("the group", (each) => each.roomId === group.room);
    const message = await annaAt.sendText(group.room, "Read me while Whisper is down.");
    const received = (person: Person) =>
      person.waitForEvent("the message", (event) => event.getId() === message);
    await Promise.all([benAgain, caraAt].map(received));
    await settled(stack, { gaps: true });
    await stack.stopWhisper();
    await benAgain.markRead(await received(benAgain));
    await caraAt.client.sendReadReceipt(await received(caraAt), "m.read.private" as never);
    await stack.startWhisper();
    for (const username of [ben, cara]) await archived(username, group.room);
  });

  it("the conversation history is retained and is available when opening a new conversation", async () => {
    await archived(ben);
    await benAt.until("the tag", () => isArchived(benAt));
    const opened = await openConversation(stack, ben, { users: [anna] });
    expect(opened).to.include({ room, created: false });
    await benAt.until("the tag to go", () => !isArchived(benAt));
    const texts = benAt.client
      .getRoom(room)
      ?.getLiveTimeline()
      .getEvents()
      .map((event) => event.getContent().body);
    expect(texts).to.include("Read me.");
  });
});
