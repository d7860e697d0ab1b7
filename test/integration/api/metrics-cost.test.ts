import { expect } from "chai";
import { Registry } from "prom-client";
import { createMetrics } from "../../../src/api/metrics.ts";
import { arrivalMetrics } from "../../../src/arrivals/record/metrics.ts";
import { smsMetrics } from "../../../src/sms/record/metrics.ts";
import type { Database } from "../../../src/store/database.ts";
import { testDatabase } from "../../support/database/postgres.ts";
import { countingRows } from "../../support/database/rows-read.ts";

describe("a scrape of the metrics", () => {
  let database: Database;
  before(async () => {
    database = await testDatabase();
  });
  after(() => database.close());

  /** Fills the tables with `count` handled events, finished sends and delivered SMS, as a practice has after years. */
  const fill = async (count: number) => {
    await database.query("TRUNCATE inbox, outbox, sms_messages, sms_attempts");
    await database.query(
      `WITH room AS (INSERT INTO conversations (kind, natural_key) VALUES ('alerts', 'alerts')
         ON CONFLICT (natural_key) DO UPDATE SET kind = 'alerts' RETURNING id)
       INSERT INTO outbox (ref, conversation_id, purpose, rank, type, content, sent_at, dropped_at, attempts)
       SELECT 'ref-' || n, id, '{"is": "edit"}', 1, 'm.room.message', '{}', now(), CASE WHEN n % 2 = 0 THEN now() END, n % 2
       FROM room, generate_series(1, $1::integer) AS n`,
      [count],
    );
    await database.query(
      `INSERT INTO inbox (event_id, room_id, type, event, handled_at)
       SELECT '$' || n, '!' || n % 50, 'm.room.message', '{}', now() FROM generate_series(1, $1::integer) AS n`,
      [count],
    );
    await database.query(
      `INSERT INTO sms_messages (event_id, number, conversation_id, shown_event, sender, recipient, body, segments, state,
         said_at, created_at)
       SELECT '$' || n, '+61400000000', id, '$' || n, 'anna', 'mia', '', 1, 'delivered', now(), now() - interval '2 days'
       FROM conversations, generate_series(1, $1::integer) AS n`,
      [count],
    );
    await database.query("ANALYZE");
  };
  const rowsOfAScrape = async (count: number): Promise<number> => {
    await fill(count);
    const counting = countingRows(database);
    const registry = createMetrics({ ...database, query: counting.query }).registry;
    await registry.metrics();
    const arrivals = new Registry();
    arrivalMetrics(arrivals, counting);
    await arrivals.metrics();
    const sms = new Registry();
    smsMetrics(sms, counting);
    await sms.metrics();
    return counting.rows;
  };

  it("reads what is waiting, not everything that was ever sent", async () => {
    const few = await rowsOfAScrape(2_000);
    const many = await rowsOfAScrape(40_000);
    expect(many, `${few} rows at 2,000, ${many} at 40,000`).to.be.at.most(few + 100);
  });
});
