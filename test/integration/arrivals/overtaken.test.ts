import { expect } from "chai";
import { drainOutbox } from "../../../src/appservice/sending/outbox-sender.ts";
import type { ConversationId } from "../../../src/policy/model.ts";
import { openPractice, type Practice, untilSomebodyWaits } from "../../support/practice/arrivals.ts";

describe("a notice that is retracted just as it is about to be sent", () => {
  let practice: Practice;
  beforeEach(async () => {
    practice = await openPractice();
    await practice.user("dr.jones", { doctor: true });
    await practice.user("mia.chen");
  });
  afterEach(() => practice.close());

  it("is not sent", async () => {
    await practice.put({});
    const { database } = practice;
    await database.query("UPDATE conversations SET room_id = '!' || natural_key");
    const { rows } = await database.query<{ id: ConversationId }>(
      "SELECT id FROM conversations WHERE kind = 'arrivals'",
    );
    const calls: string[] = [];
    let draining: Promise<void> | undefined;
    await database.transaction(async (tx) => {
      await tx.query("UPDATE outbox SET dropped_at = now() WHERE seq = (SELECT min(seq) FROM outbox)");
      draining = drainOutbox(
        {
          database,
          bot: practice.dependencies.settings.bot,
          homeserver: {
            call: async ({ path }) => {
              calls.push(path);
              return { event_id: "$sent" } as never;
            },
          },
          repair: async () => undefined,
          whenReadersAreIn: async () => null,
          onDropped: () => undefined,
        },
        rows[0]?.id as ConversationId,
      );
      // The sender now waits for the row that this transaction has locked.
      await untilSomebodyWaits(practice);
    });
    await draining;
    expect(calls.filter((path) => path.includes("/send/m.room.message"))).to.deep.equal([]);
  });
});
