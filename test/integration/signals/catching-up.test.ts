import { expect } from "chai";
import { heartbeat, positionText, readPosition } from "../../../src/signals/frames.ts";
import { forgetSignals } from "../../../src/signals/record.ts";
import { type Desktops, openDesktops } from "../../support/practice/desktops.ts";

describe("a desktop that comes back to its stream", () => {
  let at: Desktops;
  beforeEach(async () => {
    at = await openDesktops();
  });
  afterEach(() => at.close());

  it("goes on after the last event that was heard, and loses none", async () => {
    const mia = at.listen("mia");
    await mia.next();
    await at.say("One");
    const heard = await mia.next();
    await mia.leave();
    const missed = [await at.say("Two"), await at.say("Three")];
    const again = at.listen("mia", heard.id);
    expect((await again.next()).data.missed).to.equal(false);
    expect([(await again.next()).data.event_id, (await again.next()).data.event_id]).to.deep.equal(missed);
    const live = await at.say("Four");
    expect((await again.next()).data.event_id).to.equal(live);
  });

  it("loses none that was committed after a later one, when its listener was away", async () => {
    const mia = at.listen("mia");
    await mia.next();
    const slow = await at.house.database.pool.connect();
    await slow.query("BEGIN");
    await slow.query(
      `INSERT INTO signals (kind, username, content) VALUES ('arrival', 'mia', '{"arrival": "a1", "state": "waiting"}')`,
    );
    await at.say("Later, but sooner committed");
    const heard = await mia.next();
    expect(heard.event).to.equal("message");
    await mia.leave();
    await slow.query("COMMIT");
    slow.release();
    const again = at.listen("mia", heard.id);
    await again.next();
    expect((await again.next()).data).to.deep.equal({ arrival_id: "a1", state: "waiting" });
  });

  it("says when something may have been missed: too long ago, or before the database was restored", async () => {
    const mia = at.listen("mia");
    const { id: first } = await mia.next();
    const position = readPosition(first ?? "");
    if (position === null) throw new Error("hello has no id");
    const long = { ...position, at: new Date(Date.now() - 2 * 86_400_000) };
    const restored = { ...position, horizon: "9000000000000" };
    for (const each of [long, restored]) {
      const { data } = await at.listen("mia", positionText(each)).next();
      expect(data.missed).to.equal(true);
    }
  });

  it("lets go of a listener that does not read, and of nobody else", async () => {
    const [idle, mia] = [at.listen("mia"), at.listen("mia")];
    await mia.next();
    await at.house.database.query(
      `INSERT INTO signals (kind, username, content)
       SELECT 'arrival', 'mia', json_build_object('arrival', n, 'state', 'waiting')::jsonb FROM generate_series(1, 400) n`,
    );
    at.announce();
    for (let count = 0; count < 400; count++) await mia.next();
    await at.house.database.query(
      `INSERT INTO signals (kind, username, content)
       SELECT 'arrival', 'mia', json_build_object('arrival', n, 'state', 'waiting')::jsonb FROM generate_series(401, 800) n`,
    );
    at.announce();
    expect((await mia.next()).data.arrival_id).to.equal(401);
    // It is told why before the stream ends.
    expect(await idle.next()).to.deep.equal({ id: undefined, event: "end", data: { reason: "too_slow" } });
    expect(await idle.next().catch((error: Error) => error.message)).to.equal("the stream has ended");
  });

  it("is read anew by a listener that missed too much, and goes on", async () => {
    const mia = at.listen("mia");
    const { id: from } = await mia.next();
    await mia.leave();
    await at.house.database.query(
      `INSERT INTO signals (kind, username, content)
       SELECT 'arrival', 'mia', json_build_object('arrival', n, 'state', 'waiting')::jsonb FROM generate_series(1, 600) n`,
    );
    const again = at.listen("mia", from);
    const hello = await again.next();
    expect([hello.data.missed, hello.id === undefined]).to.deep.equal([true, false]);
    const event = await at.say("Hello");
    expect((await again.next()).data.event_id).to.equal(event);
  });

  it("costs a listener nothing that happened to others meanwhile", async () => {
    const mia = at.listen("mia");
    const { id: from } = await mia.next();
    await mia.leave();
    await at.house.database.query(
      `INSERT INTO signals (kind, username, content)
       SELECT 'arrival', 'ben', json_build_object('arrival', n, 'state', 'waiting')::jsonb FROM generate_series(1, 600) n`,
    );
    const event = await at.say("Hello");
    const again = at.listen("mia", from);
    expect((await again.next()).data.missed).to.equal(false);
    expect((await again.next()).data.event_id).to.equal(event);
  });

  it("ends when API keys change, so that a revoked one hears nothing more", async () => {
    const mia = at.listen("mia");
    await mia.next();
    at.keysChange();
    expect((await mia.next()).data).to.deep.equal({ reason: "keys_changed" });
    expect(await mia.next().catch((error: Error) => error.message)).to.equal("the stream has ended");
  });

  it("gives its position with each sign of life, which counts without an event", () => {
    const position = { horizon: "12", id: "0", at: new Date(5_000) };
    expect(heartbeat(position)).to.equal("id: 12.0.5\n: still here\n\n");
    expect(heartbeat(null)).to.equal(": still here\n\n");
  });

  it("is kept for a day", async () => {
    await at.say("Hello");
    await at.house.database.query("UPDATE signals SET at = now() - interval '25 hours'");
    await at.say("Hello");
    await forgetSignals(at.house.database);
    const { rows } = await at.house.database.query("SELECT count(*)::int FROM signals");
    expect(rows).to.deep.equal([{ count: 1 }]);
  });
});
