import { expect } from "chai";
import { pino } from "pino";
import { activityEvents } from "../../../src/conversations/list/activity-events.ts";
import { changePreferences } from "../../../src/directory/preferences.ts";
import type { RoomId, Username } from "../../../src/policy/model.ts";
import { heartbeat, positionText, readPosition } from "../../../src/signals/frames.ts";
import { messageSignals } from "../../../src/signals/message-signals.ts";
import { forgetSignals } from "../../../src/signals/record.ts";
import { type SignalStreams, signalStreams } from "../../../src/signals/streams.ts";
import { type House, id, openHouse } from "../../support/practice/conversations.ts";
import { SOMEONES_RECORD } from "../../support/practice/record-keys.ts";

const CHANGES = {
  changed: () => Promise.resolve(),
  problems: () => Promise.resolve(),
  record: SOMEONES_RECORD,
};

interface Heard {
  readonly id: string | undefined;
  readonly event: string;
  readonly data: Record<string, unknown>;
}

describe("the stream of what happens to a user", () => {
  let house: House;
  let room: RoomId;
  let streams: SignalStreams;
  let announce: () => void;
  let keysChange: () => void;
  const listeners: AbortController[] = [];

  beforeEach(async () => {
    house = await openHouse(({ settings }) => [activityEvents(settings), messageSignals]);
    await house.staff({ users: ["anna", "mia", "ben"] });
    const opened = await house.open("anna", { users: ["mia"] });
    if (!("id" in opened)) throw new Error("the conversation was refused");
    room = await house.giveRoom(opened.id, ["anna", "mia"].map(id));
    streams = signalStreams({
      ...house.dependencies,
      database: house.database,
      notifications: {
        on: (channel, listener) => {
          if (channel === "whisper_signal") announce = () => listener("");
          else keysChange = () => listener("");
          return () => undefined;
        },
        onGap: () => undefined,
      },
      log: pino({ level: "silent" }),
    });
  });
  afterEach(async () => {
    for (const listener of listeners.splice(0)) listener.abort();
    streams.close();
    await house.close();
  });

  /** A desktop that listens. `next` waits for the next event. */
  function listen(username: string, from?: string) {
    const gone = new AbortController();
    listeners.push(gone);
    const pieces = streams.open(
      username as Username,
      from === undefined ? null : readPosition(from),
      gone.signal,
    );
    if (pieces === null) throw new Error("there is no room for a listener");
    const iterator = pieces[Symbol.asyncIterator]();
    const next = async (): Promise<Heard> => {
      for (;;) {
        const { value, done } = await iterator.next();
        if (done) throw new Error("the stream has ended");
        const of = (field: string) => new RegExp(`^${field}: (.*)$`, "m").exec(value)?.[1];
        const event = of("event");
        if (event !== undefined) return { id: of("id"), event, data: JSON.parse(of("data") ?? "{}") };
      }
    };
    const leave = async () => {
      gone.abort();
      await iterator.return?.();
    };
    return { next, leave };
  }
  const say = async (body: string, by = "anna") => {
    const event = await house.say(room, by, body);
    announce();
    return event;
  };

  it("tells of a message from someone else, without its text", async () => {
    const mia = listen("mia");
    expect(await mia.next()).to.deep.include({
      event: "hello",
      data: { open_on_startup: false, open_on_message: false, missed: false },
    });
    const event = await say("Room 3 is free");
    const { data } = await mia.next();
    expect(data).to.deep.include({
      event_id: event,
      kind: "individual",
      room_id: room,
      sender: "anna",
      unread: 1,
    });
    expect(JSON.stringify(data)).to.not.contain("Room 3");
    await say("Really");
    expect((await mia.next()).data.unread).to.equal(2);
  });

  it("tells nobody of their own message, nor anybody who is not in the conversation", async () => {
    const [anna, ben, mia] = [listen("anna"), listen("ben"), listen("mia")];
    for (const each of [anna, ben, mia]) await each.next();
    await say("One");
    await say("Two", "mia");
    expect((await mia.next()).data.sender).to.equal("anna");
    // What anna hears first is what mia wrote.
    expect((await anna.next()).data.sender).to.equal("mia");
    const bens = Promise.race([ben.next(), mia.next().then(() => "mia heard the next one first")]);
    await say("Three");
    expect(await bens).to.equal("mia heard the next one first");
  });

  it("says whether the window is to come up, by the preferences of now", async () => {
    const mia = listen("mia");
    await mia.next();
    for (const [open, hidden, expected] of [
      [true, false, true],
      [false, false, false],
      [true, true, false],
    ] as const) {
      await house.database.transaction((tx) =>
        changePreferences(tx, CHANGES, "mia" as Username, { open_on_message: open, keep_hidden: hidden }, {}),
      );
      await say("Hello");
      expect((await mia.next()).data.open, `${open} ${hidden}`).to.equal(expected);
    }
  });

  it("never brings up the window of someone who never receives messages, even for a group", async () => {
    const opened = await house.open("anna", { users: ["mia", "ben"] });
    if (!("id" in opened)) throw new Error("the conversation was refused");
    const group = await house.giveRoom(opened.id, ["anna", "mia", "ben"].map(id));
    const patch = { open_on_message: true, never_receive: true };
    await house.database.transaction((tx) => changePreferences(tx, CHANGES, "mia" as Username, patch, {}));
    const mia = listen("mia");
    expect((await mia.next()).data.open_on_message).to.equal(false);
    await house.say(group, "ben", "For everyone");
    announce();
    expect((await mia.next()).data).to.deep.include({ kind: "custom", sender: "ben", open: false });
  });

  it("goes on after the last event that was heard, and loses none", async () => {
    const mia = listen("mia");
    await mia.next();
    await say("One");
    const heard = await mia.next();
    await mia.leave();
    const missed = [await say("Two"), await say("Three")];
    const again = listen("mia", heard.id);
    expect((await again.next()).data.missed).to.equal(false);
    expect([(await again.next()).data.event_id, (await again.next()).data.event_id]).to.deep.equal(missed);
    const live = await say("Four");
    expect((await again.next()).data.event_id).to.equal(live);
  });

  it("loses none that was committed after a later one, when its listener was away", async () => {
    const mia = listen("mia");
    await mia.next();
    const slow = await house.database.pool.connect();
    await slow.query("BEGIN");
    await slow.query(
      `INSERT INTO signals (kind, username, content) VALUES ('arrival', 'mia', '{"arrival": "a1", "state": "waiting"}')`,
    );
    await say("Later, but sooner committed");
    const heard = await mia.next();
    expect(heard.event).to.equal("message");
    await mia.leave();
    await slow.query("COMMIT");
    slow.release();
    const again = listen("mia", heard.id);
    await again.next();
    expect((await again.next()).data).to.deep.equal({ arrival_id: "a1", state: "waiting" });
  });

  it("says when something may have been missed: too long ago, or before the database was restored", async () => {
    const mia = listen("mia");
    const { id: first } = await mia.next();
    const position = readPosition(first ?? "");
    if (position === null) throw new Error("hello has no id");
    const long = { ...position, at: new Date(Date.now() - 2 * 86_400_000) };
    const restored = { ...position, horizon: "9000000000000" };
    for (const each of [long, restored]) {
      const { data } = await listen("mia", positionText(each)).next();
      expect(data.missed).to.equal(true);
    }
  });

  it("lets go of a listener that does not read, and of nobody else", async () => {
    const [idle, mia] = [listen("mia"), listen("mia")];
    await mia.next();
    await house.database.query(
      `INSERT INTO signals (kind, username, content)
       SELECT 'arrival', 'mia', json_build_object('arrival', n, 'state', 'waiting')::jsonb FROM generate_series(1, 400) n`,
    );
    announce();
    for (let count = 0; count < 400; count++) await mia.next();
    await house.database.query(
      `INSERT INTO signals (kind, username, content)
       SELECT 'arrival', 'mia', json_build_object('arrival', n, 'state', 'waiting')::jsonb FROM generate_series(401, 800) n`,
    );
    announce();
    expect((await mia.next()).data.arrival_id).to.equal(401);
    expect(await idle.next().catch((error: Error) => error.message)).to.equal("the stream has ended");
  });

  it("is read anew by a listener that missed too much, and goes on", async () => {
    const mia = listen("mia");
    const { id: from } = await mia.next();
    await mia.leave();
    await house.database.query(
      `INSERT INTO signals (kind, username, content)
       SELECT 'arrival', 'mia', json_build_object('arrival', n, 'state', 'waiting')::jsonb FROM generate_series(1, 600) n`,
    );
    const again = listen("mia", from);
    const hello = await again.next();
    expect([hello.data.missed, hello.id === undefined]).to.deep.equal([true, false]);
    const event = await say("Hello");
    expect((await again.next()).data.event_id).to.equal(event);
  });

  it("costs a listener nothing that happened to others meanwhile", async () => {
    const mia = listen("mia");
    const { id: from } = await mia.next();
    await mia.leave();
    await house.database.query(
      `INSERT INTO signals (kind, username, content)
       SELECT 'arrival', 'ben', json_build_object('arrival', n, 'state', 'waiting')::jsonb FROM generate_series(1, 600) n`,
    );
    const event = await say("Hello");
    const again = listen("mia", from);
    expect((await again.next()).data.missed).to.equal(false);
    expect((await again.next()).data.event_id).to.equal(event);
  });

  it("ends when API keys change, so that a revoked one hears nothing more", async () => {
    const mia = listen("mia");
    await mia.next();
    keysChange();
    expect(await mia.next().catch((error: Error) => error.message)).to.equal("the stream has ended");
  });

  it("gives its position with each sign of life, which counts without an event", () => {
    const position = { horizon: "12", id: "0", at: new Date(5_000) };
    expect(heartbeat(position)).to.equal("id: 12.0.5\n: still here\n\n");
    expect(heartbeat(null)).to.equal(": still here\n\n");
  });

  it("is kept for a day", async () => {
    await say("Hello");
    await house.database.query("UPDATE signals SET at = now() - interval '25 hours'");
    await say("Hello");
    await forgetSignals(house.database);
    const { rows } = await house.database.query("SELECT count(*)::int FROM signals");
    expect(rows).to.deep.equal([{ count: 1 }]);
  });

  it("tells of neither corrections nor Whisper's answers", async () => {
    const mia = listen("mia");
    await mia.next();
    const first = await say("Hello");
    await mia.next();
    await house.event({
      room,
      sender: id("anna"),
      type: "m.room.message",
      content: {
        msgtype: "m.text",
        body: "* Hi",
        "m.new_content": { msgtype: "m.text", body: "Hi" },
        "m.relates_to": { rel_type: "m.replace", event_id: first },
      },
    });
    await house.event({
      room,
      sender: house.dependencies.settings.bot,
      type: "m.room.message",
      content: { msgtype: "m.notice", body: "A note" },
    });
    const next = await say("Next");
    expect((await mia.next()).data.event_id).to.equal(next);
  });
});
