import { expect } from "chai";
import { z } from "zod";
import { callApi, mustCallApi } from "../../../dev/clients/api.ts";
import type { Person } from "../../../dev/clients/person.ts";
import { type EventStream, openEventStream } from "../../support/http/event-stream.ts";
import { atSynapse } from "../../support/stack/behind-whisper.ts";
import { listConversations, openConversation } from "../../support/stack/conversation-api.ts";
import { settled } from "../../support/stack/settled.ts";
import { sharedStack, type TestStack } from "../../support/stack/stack.ts";
import { hire, putGroup, putUser, roomOfKind, unique } from "../../support/stack/staff.ts";

const entrySchema = z.looseObject({ event_id: z.string(), type: z.string() });
const pageSchema = z.object({ entries: z.array(entrySchema), next_cursor: z.string().nullable() });

describe("Observing a User (Admin Only)", function () {
  this.timeout(120_000);
  let stack: TestStack;
  const [boss, other, mia, jones] = [unique("boss"), unique("other"), unique("mia"), unique("dr.jones")];
  let otherAt: Person;
  let miaAt: Person;
  let jonesAt: Person;
  let pair: { id: string; room: string };
  let stream: EventStream | undefined;

  before(async function () {
    this.timeout(180_000);
    stack = await sharedStack();
    for (const admin of [boss, other]) await putUser(stack, admin, { permissions: ["WhisperAdmin"] });
    await putGroup(stack, "HMS-Administrator", [boss, other]);
    otherAt = await hire(stack, other, { permissions: ["WhisperAdmin"] });
    miaAt = await hire(stack, mia);
    jonesAt = await hire(stack, jones, { doctor: true });
    pair = await openConversation(stack, mia, { users: [jones] });
    for (const person of [miaAt, jonesAt])
      await person.waitForRoom("the conversation", (room) => room.roomId === pair.room);
  });
  afterEach(() => stream?.close());

  const asked = (path: string, as: string, more = "") =>
    callApi(stack, "GET", `/api/v1/observe/${mia}/${path}?as=${as}${more}`);
  const conversations = async () =>
    z
      .array(z.looseObject({ id: z.string(), archived: z.boolean() }))
      .parse(await mustCallApi(stack, "GET", `/api/v1/observe/${mia}/conversations?as=${boss}`));
  async function entries(more = "") {
    const answer = await asked(`conversations/${pair.id}/messages`, boss, more);
    return pageSchema.parse(answer.body);
  }
  async function watch() {
    const url = new URL(`/api/v1/observe/${mia}/stream?as=${boss}`, stack.whisper);
    stream = await openEventStream(url, stack.apiKey);
    await stream.until("hello", ({ event }) => event === "hello");
    return stream;
  }
  /** The entry for an event, as the stream shows it. */
  const live = (watched: EventStream, event: string, wanted: (entry: Record<string, unknown>) => boolean) =>
    watched.until(`${event} to be seen`, ({ data }) => {
      const { entry } = z.looseObject({ entry: entrySchema.optional() }).parse(data);
      return entry?.event_id === event && wanted(entry);
    });

  it("displays all the conversations the observed user has access to, with the names that they see", async () => {
    const theirs = await listConversations(stack, mia, true);
    expect((await conversations()).map(({ id }) => id)).to.have.members(theirs.map(({ id }) => id));
    expect((await conversations()).map(({ id }) => id)).to.include(pair.id);
  });

  it("shows what was said as the observed user sees it: corrections, deletions, answers and reactions", async () => {
    const first = await miaAt.sendText(pair.room, "Room 3 is free");
    const sent = await jonesAt.waitForText("Room 3 is free", pair.room);
    const answer = await jonesAt.reply(sent, "Thank you");
    await jonesAt.react(pair.room, first, "👍");
    const typo = await miaAt.sendText(pair.room, "Rom 4 is next");
    await miaAt.edit(await miaAt.waitForText("Rom 4 is next", pair.room), "Room 4 is next");
    const wrong = await miaAt.sendText(pair.room, "This was for someone else");
    await miaAt.redact(pair.room, wrong);
    const shown = new Map((await entries()).entries.map((entry) => [entry.event_id, entry]));
    expect(shown.get(first)).to.include({ sender: mia, text: "Room 3 is free", edited_at: null });
    expect(shown.get(answer)).to.include({ sender: jones, text: "Thank you", reply_to: first });
    expect(shown.get(typo)).to.include({ text: "Room 4 is next", deleted: false });
    expect(shown.get(typo)?.edited_at).to.be.a("string");
    expect(shown.get(wrong)).to.include({ text: null, deleted: true });
    expect([...shown.values()].find(({ type }) => type === "reaction")).to.include({ to: first, key: "👍" });
    // The correction is not shown a second time.
    expect([...shown.values()].filter(({ type }) => type === "message")).to.have.length(4);
  });

  it("reads a long conversation page by page, each message once", async () => {
    for (let each = 0; each < 5; each++) await miaAt.sendText(pair.room, `Page ${each}`);
    const all = (await entries("&limit=200")).entries.map(({ event_id }) => event_id);
    const paged: string[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const page: z.infer<typeof pageSchema> = await entries(
        `&limit=3${cursor === "" ? "" : `&cursor=${cursor}`}`,
      );
      paged.push(...page.entries.map(({ event_id }) => event_id));
      cursor = page.next_cursor;
    }
    expect(paged).to.deep.equal(all);
  });

  it("says what is wrong with a page that Synapse does not know", async () => {
    const answer = await asked(`conversations/${pair.id}/messages`, boss, "&cursor=61");
    expect(answer.status).to.equal(400);
    expect(answer.body).to.have.property("detail", "cursor: Must be the next_cursor from an answer");
  });

  it("updates live, within a second, with any new message, correction, deletion and reaction", async () => {
    const watched = await watch();
    const began = performance.now();
    const event = await jonesAt.sendText(pair.room, "The results are there");
    const came = await live(watched, event, ({ text }) => text === "The results are there");
    expect(came.at - began).to.be.below(1_000);
    expect(came.data).to.include({ conversation_id: pair.id });
    const message = await jonesAt.waitForText("The results are there", pair.room);
    await jonesAt.edit(message, "All results are there");
    await live(watched, event, ({ text }) => text === "All results are there");
    const reaction = await miaAt.react(pair.room, event, "🙏");
    await live(watched, reaction, ({ key }) => key === "🙏");
    await miaAt.redact(pair.room, reaction);
    await live(watched, reaction, ({ key }) => key === null);
    await jonesAt.redact(pair.room, event);
    await live(watched, event, ({ deleted }) => deleted === true);
  });

  it("shows only what the observed user has access to", async () => {
    const sealed = await openConversation(stack, jones, { users: [other] });
    await jonesAt.waitForRoom("the other conversation", (room) => room.roomId === sealed.room);
    const watched = await watch();
    const hidden = await jonesAt.sendText(sealed.room, "Not for Mia");
    const event = await jonesAt.sendText(pair.room, "For Mia");
    await live(watched, event, () => true);
    expect(JSON.stringify(watched.events)).to.not.contain(hidden).and.not.contain("Not for Mia");
    expect((await asked(`conversations/${sealed.id}/messages`, boss)).status).to.equal(404);
  });

  it("moves nothing of the observed user's: neither unread messages, receipts nor their last activity", async () => {
    await jonesAt.sendText(pair.room, "Unread by Mia");
    await settled(stack);
    const account = encodeURIComponent(miaAt.userId);
    const state = async () => ({
      unread: (await listConversations(stack, mia, true)).map(({ id, unread }) => [id, unread]),
      devices: await atSynapse(stack, "GET", `/_synapse/admin/v2/users/${account}/devices`),
      whois: await atSynapse(stack, "GET", `/_synapse/admin/v1/whois/${account}`),
      readUpTo: jonesAt.client.getRoom(pair.room)?.getEventReadUpTo(miaAt.userId),
    });
    miaAt.stop();
    const before = await state();
    await watch();
    await conversations();
    await entries();
    await settled(stack);
    expect(await state()).to.deep.equal(before);
  });

  it("is told to the other administrators when it begins, once", async () => {
    const url = `/api/v1/observe/${jones}/conversations?as=${boss}&reason=A%20complaint`;
    await mustCallApi(stack, "GET", url);
    await mustCallApi(stack, "GET", url);
    const room = await roomOfKind(otherAt, "admin");
    await otherAt.waitForText(/is observing .* Reason: A complaint/, room.roomId);
    await settled(stack);
    const told = otherAt.seen.filter((event) => String(event.getContent().body).includes("A complaint"));
    expect(told).to.have.length(1);
  });

  describe("is refused to", () => {
    const half = unique("half");
    const refused = async (as: string) => {
      for (const path of ["conversations", `conversations/${pair.id}/messages`, "stream"])
        expect((await asked(path, as)).status, path).to.equal(403);
    };

    it("everyone else, the observed user too", async () => {
      await refused(mia);
      await refused(jones);
      await refused(unique("nobody"));
    });

    it("someone with WhisperAdmin who is not in HMS-Administrator", async () => {
      await putUser(stack, half, { permissions: ["WhisperAdmin"] });
      await refused(half);
    });

    it("someone in HMS-Administrator without WhisperAdmin of their own", async () => {
      await putUser(stack, half, { permissions: [] });
      await putGroup(stack, "HMS-Administrator", [boss, other, half]);
      await refused(half);
    });

    it("an administrator who is inactive", async () => {
      await putUser(stack, half, { permissions: ["WhisperAdmin"] });
      await putGroup(stack, "HMS-Administrator", [boss, other, half]);
      expect((await asked("conversations", half)).status).to.equal(200);
      await putUser(stack, half, { permissions: ["WhisperAdmin"], active: false });
      await refused(half);
    });

    it("an administrator who stops being one, in the midst of it", async () => {
      const watched = await watch();
      await putGroup(stack, "HMS-Administrator", [other]);
      await watched.ended;
      await refused(boss);
    });
  });
});
