import { expect } from "chai";
import { drainOutbox } from "../../../../src/appservice/sending/outbox-sender.ts";
import { enqueueSends, type Send } from "../../../../src/messages/outbox.ts";
import type { PurposeKind } from "../../../../src/messages/purpose.ts";
import type { ConversationId, UserId } from "../../../../src/policy/model.ts";
import type { Database } from "../../../../src/store/database.ts";
import { testDatabase } from "../../../support/database/postgres.ts";
import { FlawedHomeserver } from "../../../support/homeserver/flawed-homeserver.ts";

const CONVERSATION = "c1" as ConversationId;
const NOTICES = 20;

describe("a send that people wait for", () => {
  let database: Database;
  let homeserver: FlawedHomeserver;
  beforeEach(async () => {
    database = await testDatabase();
    await database.query(
      "INSERT INTO conversations (id, kind, natural_key, room_id) VALUES ($1, 'alerts', 'alerts', '!a:b')",
      [CONVERSATION],
    );
    homeserver = new FlawedHomeserver();
  });
  afterEach(() => database.close());

  const send = (
    ref: string,
    is: Exclude<PurposeKind, "notice" | "pass_on" | "correction" | "sms_reply">,
    target?: string,
  ): Send => ({
    ref,
    conversation: CONVERSATION,
    purpose: { is },
    type: is === "button" ? "m.reaction" : "m.room.message",
    content: { body: ref },
    ...(target === undefined ? {} : { target: { ref: target } }),
  });
  const queue = (...sends: Send[]) => database.transaction((tx) => enqueueSends(tx, sends));
  const drain = async () => {
    for (;;) {
      await drainOutbox(
        {
          database,
          homeserver,
          bot: "@whisper:b" as UserId,
          repair: async () => undefined,
          whenReadersAreIn: async () => null,
          onDropped: ({ errcode }) => expect.fail(errcode),
        },
        CONVERSATION,
      );
      const { rowCount } = await database.query("SELECT FROM outbox WHERE sent_at IS NULL");
      if (rowCount === 0) return;
    }
  };
  const sent = () => homeserver.events.map(({ content }) => String(content.body));

  it("goes before buttons and edits that were queued earlier, and those follow their targets", async () => {
    for (let count = 0; count < NOTICES; count++)
      await queue(
        send(`notice ${count}`, "sentence"),
        send(`button ${count}`, "button", `notice ${count}`),
        send(`edit ${count}`, "edit", `notice ${count}`),
      );
    await drain();
    const numbers = Array.from({ length: NOTICES }, (_, count) => count);
    expect(sent()).to.deep.equal([
      ...numbers.map((count) => `notice ${count}`),
      ...numbers.map((count) => `edit ${count}`),
      ...numbers.map((count) => `button ${count}`),
    ]);
  });

  it("overtakes buttons that are on their way", async () => {
    await queue(
      send("notice", "sentence"),
      ...Array.from({ length: NOTICES }, (_, count) => send(`button ${count}`, "button", "notice")),
    );
    await drainOutbox(
      {
        database,
        homeserver,
        bot: "@whisper:b" as UserId,
        repair: async () => undefined,
        whenReadersAreIn: async () => null,
        onDropped: () => undefined,
      },
      CONVERSATION,
    );
    await queue(send("next", "sentence"));
    await drain();
    expect(sent().indexOf("next")).to.be.lessThan(NOTICES / 2);
  });

  /** Queues these while the first button is being sent. */
  const duringTheFirstButton = (...sends: Send[]) => {
    const call = homeserver.call.bind(homeserver);
    let first = true;
    homeserver.call = async (request) => {
      const answer = await call(request);
      if (first && request.path.includes("m.reaction")) {
        first = false;
        await queue(...sends);
      }
      return answer as never;
    };
  };
  const buttons = (of: string) => [1, 2, 3, 4].map((count) => send(`${of}'s button ${count}`, "button", of));

  it("waits for one button at most, and the others follow once each", async () => {
    await queue(send("notice", "sentence"), ...buttons("notice"));
    duringTheFirstButton(send("next", "sentence"), ...buttons("next"));
    await drain();
    expect(sent().slice(0, 3)).to.deep.equal(["notice", "notice's button 1", "next"]);
    expect(sent().slice(3)).to.have.members(
      [...buttons("notice").slice(1), ...buttons("next")].map(({ ref }) => ref),
    );
  });

  it("leaves the buttons it overtakes as they were, so nobody looks for them in the room", async () => {
    await queue(send("notice", "sentence"), ...buttons("notice"));
    duringTheFirstButton(send("next", "sentence"));
    await drain();
    expect(homeserver.calls.filter(({ method }) => method === "GET")).to.deep.equal([]);
  });

  it("does not wait for edits either, which in turn overtake buttons", async () => {
    await queue(send("notice", "sentence"), ...buttons("notice"));
    duringTheFirstButton(send("edit", "edit", "notice"), send("next", "sentence"));
    await drain();
    expect(sent().slice(0, 4)).to.deep.equal(["notice", "notice's button 1", "next", "edit"]);
  });
});
