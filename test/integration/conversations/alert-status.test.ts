import { expect } from "chai";
import { commandsOf } from "../../../src/commands/commands.ts";
import { commandEvents } from "../../../src/commands/events.ts";
import { alertEvents, alertStatus } from "../../../src/conversations/alert-status.ts";
import { expireAlert, postAlert, withdrawAlert } from "../../../src/conversations/alerts.ts";
import { activityEvents } from "../../../src/conversations/list/activity-events.ts";
import * as words from "../../../src/messages/words.ts";
import type { ConversationId, EventId, RoomId } from "../../../src/policy/model.ts";
import { counted } from "../../support/database/counted.ts";
import { type House, id, openHouse } from "../../support/practice/conversations.ts";

const none = () => Promise.reject(new Error("not asked for"));

describe("an alert's status", () => {
  let house: House;
  let room: RoomId;
  beforeEach(async () => {
    room = undefined as never;
    house = await openHouse(({ settings, ...dependencies }) => [
      activityEvents(settings),
      alertEvents(settings),
      commandEvents({
        ...dependencies,
        settings,
        commands: commandsOf({
          open: none,
          edit: none,
          changes: none as never,
          alertRoles: {},
          toggleArrivals: none,
          startAudit: none,
          showTime: (at) => at.toISOString().slice(0, 10),
        }),
      }),
    ]);
    await house.staff({
      users: ["anna", "mia", "ben", { username: "boss", permissions: ["AccessWhisper", "WhisperAdmin"] }],
      groups: { "HMS-Administrator": ["boss"] },
    });
  });
  afterEach(() => house.close());

  /** Posts an alert, which Synapse tells of as its message. */
  async function post(
    text: string,
    expiresAt: Date | null = null,
  ): Promise<{ alert: string; event: EventId }> {
    const alert = await house.database.transaction((tx) =>
      postAlert(tx, { text, severity: "warning", expiresAt }),
    );
    const [sent] = (await house.sent()).filter(({ ref }) => ref === `alert:${alert}`);
    if (alert === null || sent === undefined) throw new Error("nothing was posted");
    room ??= await house.giveRoom(sent.conversation_id as ConversationId, ["anna", "mia", "boss"].map(id));
    const { settings } = house.dependencies;
    const event = await house.event({
      room,
      sender: settings.bot,
      type: "m.room.message",
      content: sent.content,
    });
    return { alert, event };
  }
  const status = async (alert: string) =>
    alertStatus(
      house.database,
      { directory: await house.dependencies.directory.fresh(), settings: house.dependencies.settings },
      alert,
    );

  it("is who has read up to it, by their receipts, and who has not", async () => {
    const { alert, event } = await post("The phones are down.");
    expect(await status(alert)).to.deep.include({
      text: "The phones are down.",
      severity: "warning",
      state: "shown",
      expiresAt: null,
      seenBy: [],
      notSeenBy: ["anna", "boss", "mia"],
    });
    await house.read(room, "mia", event);
    expect(await status(alert)).to.deep.include({ seenBy: ["mia"], notSeenBy: ["anna", "boss"] });
    // A later one is not read by that, and reading it reads the earlier one.
    const later = await post("They are back.");
    expect(await status(later.alert)).to.deep.include({ seenBy: [] });
    await house.read(room, "anna", later.event);
    expect(await status(alert)).to.deep.include({ seenBy: ["anna", "mia"] });
  });

  it("leaves out who came later or is no longer there, and outlasts the messages", async () => {
    const { alert, event } = await post("The phones are down.");
    await house.read(room, "mia", event);
    await house.event({
      room,
      sender: id("mia"),
      type: "m.room.member",
      content: { membership: "leave" },
      stateKey: id("mia"),
    });
    await house.event({
      room,
      sender: id("ben"),
      type: "m.room.member",
      content: { membership: "join" },
      stateKey: id("ben"),
    });
    for (const each of ["anna", "boss"]) await house.read(room, each, event);
    await house.database.query("DELETE FROM room_messages");
    expect(await status(alert)).to.deep.include({ seenBy: ["anna", "boss"], notSeenBy: [] });
  });

  it("says whether it is still to come, shown, withdrawn or expired", async () => {
    const waiting = await house.database.transaction((tx) =>
      postAlert(tx, { text: "Soon", severity: "info", expiresAt: null }),
    );
    expect((await status(waiting ?? ""))?.state).to.equal("waiting");
    const [first, second] = [await post("Until noon", new Date(Date.now() + 1_000)), await post("Withdrawn")];
    await house.database.query("UPDATE alerts SET expires_at = now() - interval '1 second' WHERE id = $1", [
      first.alert,
    ]);
    await expireAlert(house.database, first.alert);
    await house.database.transaction((tx) => withdrawAlert(tx, second.alert));
    expect([(await status(first.alert))?.state, (await status(second.alert))?.state]).to.deep.equal([
      "expired",
      "withdrawn",
    ]);
    for (const unknown of ["999", "x", "", "9".repeat(40)]) expect(await status(unknown)).to.equal(null);
  });

  it("is not changed by someone else's message that claims to be the alert", async () => {
    const alert = await house.database.transaction((tx) =>
      postAlert(tx, { text: "Soon", severity: "info", expiresAt: null }),
    );
    const { room: chat } = await house.opened("anna", { users: ["mia"] });
    await house.event({
      room: chat,
      sender: id("anna"),
      type: "m.room.message",
      content: { msgtype: "m.text", body: "!", "au.healthtrack.whisper.alert": { id: alert } },
    });
    expect((await status(alert ?? ""))?.state).to.equal("waiting");
  });

  it("is shown by the command to administrators in their room, and asked for in two statements", async () => {
    const made = await house.database.query<{ id: ConversationId }>(
      "INSERT INTO conversations (kind, natural_key) VALUES ('admin', 'admin') RETURNING id",
    );
    const admin = made.rows[0]?.id ?? ("" as ConversationId);
    const adminRoom = await house.giveRoom(admin, [id("boss")]);
    const ask = async (body: string, by = "boss") => {
      const before = (await house.sent(admin)).length;
      await house.say(adminRoom, by, body);
      return (await house.sent(admin)).slice(before).map(({ content }) => content.body);
    };
    expect(await ask("alert status")).to.deep.equal([words.noAlert]);
    const { event } = await post("The phones\nare down.", new Date("2027-01-02T00:00:00Z"));
    await house.read(room, "mia", event);
    const [answer] = await ask("alert status");
    expect(answer).to.match(/^⚠️ The phones are down\.\nPosted [-\d]+, shown until 2027-01-02\.\n/);
    expect(answer).to.match(/Seen by 1 person\. Not yet by Anna, Boss\.$/);
    await house.read(room, "anna", event);
    await house.read(room, "boss", event);
    expect((await ask("alerts"))[0]).to.match(/Seen by everyone: 3 people\.$/);
    expect(await ask("alert withdraw")).to.deep.equal([words.alertTakes]);
    expect(await ask("alert status", "anna")).to.deep.equal([]);
    const { database, statements } = counted(house.database);
    await alertStatus(
      database,
      { directory: await house.dependencies.directory.fresh(), settings: house.dependencies.settings },
      "1",
    );
    expect(statements).to.have.length(2);
  });
});
