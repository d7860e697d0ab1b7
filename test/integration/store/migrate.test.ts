import { expect } from "chai";
import { isDatabaseDown, openDatabase } from "../../../src/store/database.ts";
import { migrate } from "../../../src/store/migrate.ts";
import { emptyDatabaseUrl } from "../../support/database/postgres.ts";

describe("the database", () => {
  it("is brought up to date once by several processes that start together, and again without change", async () => {
    const url = await emptyDatabaseUrl();
    const databases = [1, 2, 3].map(() => openDatabase({ url, max: 3 }));
    try {
      await Promise.all(databases.map(migrate));
      const [database] = databases;
      const applied = async () => (await database?.query("SELECT name FROM migrations ORDER BY name"))?.rows;
      const before = await applied();
      expect(before).to.have.lengthOf.at.least(5);
      await Promise.all(databases.map(migrate));
      expect(await applied()).to.deep.equal(before);
    } finally {
      for (const each of databases) await each.close();
    }
  });

  it("refuses a migration that was changed after it ran, and says what to do", async () => {
    const database = openDatabase({ url: await emptyDatabaseUrl(), max: 3 });
    try {
      await migrate(database);
      await database.query("UPDATE migrations SET digest = 'other' WHERE name = '0001_house.sql'");
      const refused = await migrate(database).then(
        () => "migrated",
        (error: unknown) => String(error),
      );
      expect(refused).to.include("0001_house.sql was changed after it ran");
    } finally {
      await database.close();
    }
  });

  it("is known to be down when it goes away between two statements of a transaction", async () => {
    const url = await emptyDatabaseUrl();
    const broken = Promise.withResolvers<void>();
    const database = openDatabase({ url, max: 1, onBroken: () => broken.resolve() });
    const other = openDatabase({ url, max: 1 });
    try {
      const failed = database.transaction(async (tx) => {
        const { rows } = await tx.query("SELECT pg_backend_pid() AS pid");
        await other.query("SELECT pg_terminate_backend($1)", [rows[0]?.pid]);
        await broken.promise;
        await tx.query("SELECT 1");
      });
      expect(await failed.catch(isDatabaseDown)).to.equal(true);
      expect((await database.query("SELECT")).rowCount, "with another connection").to.equal(1);
    } finally {
      await database.close();
      await other.close();
    }
  });

  it("knows after an upgrade which room each earlier send went into", async () => {
    const database = openDatabase({ url: await emptyDatabaseUrl(), max: 3 });
    try {
      await migrate(database);
      await database.query(
        "INSERT INTO conversations (id, kind, natural_key, room_id) VALUES ('c', 'alerts', 'alerts', '!now')",
      );
      await database.query(
        "INSERT INTO inbox (event_id, room_id, type, event) VALUES ('$old', '!before', 'm', '{}')",
      );
      for (const event of ["$old", "$new", null]) {
        await database.query(
          "INSERT INTO outbox (ref, conversation_id, type, content, event_id) VALUES ($1, 'c', 'm', '{}', $2)",
          [event ?? "waiting", event],
        );
      }
      // As a database of an earlier version has it.
      await database.query("DELETE FROM migrations WHERE name = '0027_sent_before.sql'");
      await migrate(database);
      const { rows } = await database.query("SELECT ref, room_id FROM outbox ORDER BY seq");
      expect(rows).to.deep.equal([
        { ref: "$old", room_id: "!before" },
        { ref: "$new", room_id: "!now" },
        { ref: "waiting", room_id: null },
      ]);
    } finally {
      await database.close();
    }
  });

  it("lets a booking speak again after an upgrade that a change of the future had silenced", async () => {
    const database = openDatabase({ url: await emptyDatabaseUrl(), max: 3 });
    try {
      await migrate(database);
      for (const [id, changedAt] of [
        ["future", "2062-01-01T00:00:00Z"],
        ["past", "2026-01-01T00:00:00Z"],
      ]) {
        await database.query(
          `INSERT INTO bookings (booking_id, status, patient_id, doctor, appointment_at, changed_by, changed_at)
           VALUES ($1, 'arrived', '1', 'dr', now(), 'mia', $2)`,
          [id, changedAt],
        );
        await database.query(
          `INSERT INTO arrivals (id, patient_id, doctor, day, state, marked_by, arrived_at, told_at, clock_at)
           VALUES ($1, '1', 'dr', '2026-03-02', 'waiting', 'mia', $2, now(), now())`,
          [id, changedAt],
        );
        await database.query(
          `INSERT INTO arrival_bookings (arrival_id, booking_id, appointment_at, arrived_at, marked_by)
           VALUES ($1, $1, now(), $2, 'mia')`,
          [id, changedAt],
        );
      }
      await database.query("DELETE FROM migrations WHERE name = '0051_future_changes.sql'");
      await migrate(database);
      const { rows } = await database.query(
        `SELECT b.booking_id, b.changed_at <= now() AND b.changed_at > now() - interval '1 hour' AS now,
                a.arrived_at <= now() AND s.arrived_at <= now() AS came
         FROM bookings b JOIN arrivals a ON a.id = booking_id JOIN arrival_bookings s USING (booking_id) ORDER BY 1`,
      );
      expect(rows).to.deep.equal([
        { booking_id: "future", now: true, came: true },
        { booking_id: "past", now: false, came: true },
      ]);
    } finally {
      await database.close();
    }
  });

  it("rolls back what threw, and hands its connection back", async () => {
    const database = openDatabase({ url: await emptyDatabaseUrl(), max: 1 });
    try {
      await database.query("CREATE TABLE t (n int)");
      const failed = database.transaction(async (tx) => {
        await tx.query("INSERT INTO t VALUES (1)");
        throw new Error("no");
      });
      expect(await failed.catch((error: unknown) => String(error))).to.equal("Error: no");
      expect((await database.query("SELECT FROM t")).rowCount).to.equal(0);
    } finally {
      await database.close();
    }
  });
});
