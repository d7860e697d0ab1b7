import { execFile } from "node:child_process";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { callApi, mustCallApi } from "../../../dev/clients/api.ts";
import type { Person } from "../../../dev/clients/person.ts";
import { readKeyFile } from "../../../src/record/key-file.ts";
import { openDatabase } from "../../../src/store/database.ts";
import { eventually } from "../../support/eventually.ts";
import { type RecordedEntry, recordedEntries } from "../../support/practice/recorded.ts";
import { openConversation } from "../../support/stack/conversation-api.ts";
import { settled } from "../../support/stack/settled.ts";
import { freshStack, type TestStack } from "../../support/stack/stack.ts";
import { hire, putBooking, unique } from "../../support/stack/staff.ts";

const run = promisify(execFile);

describe("The record of everything that happened", function () {
  this.timeout(120_000);
  let stack: TestStack;
  let annaAt: Person;
  let benAt: Person;
  let room: string;
  const [anna, ben] = [unique("anna"), unique("ben")];

  before(async function () {
    this.timeout(240_000);
    stack = await freshStack();
    annaAt = await hire(stack, anna, { doctor: true }, { pastTheGate: true });
    benAt = await hire(stack, ben, {}, { pastTheGate: true });
    room = (await openConversation(stack, anna, { users: [ben] })).room;
    await benAt.waitForRoom("the conversation", ({ roomId }) => roomId === room);
    await settled(stack);
  });
  after(() => stack?.stop());

  async function record(): Promise<readonly RecordedEntry[]> {
    const database = openDatabase({ url: stack.databaseUrl, max: 1 });
    try {
      return await recordedEntries(database, readKeyFile(join(dirname(stack.configFile), "audit-keys")));
    } finally {
      await database.close();
    }
  }
  const entry = (ref: string) =>
    eventually(`an entry of ${ref}`, async () => (await record()).find((each) => each.ref === ref));
  const contentOf = ({ body }: RecordedEntry) => (body.content ?? {}) as Record<string, unknown>;
  const textOf = (each: RecordedEntry) => contentOf(each).body;
  const withText = async (text: string) => (await record()).filter((each) => textOf(each) === text);

  it("has messages, their edits, deletions and reactions, each with who did it", async () => {
    const message = await annaAt.sendText(room, "Room 3 is free");
    const edit = await annaAt.edit(await annaAt.waitForText("Room 3 is free", room), "Room 4 is free");
    const reaction = await benAt.react(room, message, "👍");
    const deletion = await annaAt.redact(room, message);
    expect(textOf(await entry(message))).to.equal("Room 3 is free");
    expect(await entry(message)).to.deep.include({ type: "message", actor: annaAt.userId, late: false });
    expect(await entry(edit)).to.deep.include({ type: "edit", actor: annaAt.userId, about: message });
    expect(await entry(reaction)).to.deep.include({ type: "reaction", actor: benAt.userId, about: message });
    expect(await entry(deletion)).to.deep.include({ type: "deletion", actor: annaAt.userId, about: message });
  });

  it("has a message once that was sent, and deleted, while Whisper was stopped", async () => {
    await stack.stopWhisper();
    const kept = await annaAt.sendText(room, "Sent while nobody looked");
    const gone = await annaAt.sendText(room, "Gone before anybody looked");
    const deletion = await annaAt.redact(room, gone);
    await stack.startWhisper();
    expect(textOf(await entry(kept))).to.equal("Sent while nobody looked");
    expect(textOf(await entry(gone))).to.equal("Gone before anybody looked");
    expect(await entry(gone)).to.deep.include({ type: "message", actor: annaAt.userId });
    expect(await entry(deletion)).to.deep.include({ about: gone });
    for (const text of ["Sent while nobody looked", "Gone before anybody looked"])
      expect(await withText(text), text).to.have.length(1);
  });

  it("has a sign-in, with the device and the address it came from", async () => {
    const signIn = await eventually("the sign-in", async () =>
      (await record()).find(({ type, actor }) => type === "sign_in" && actor === annaAt.userId),
    );
    expect(JSON.stringify(signIn.body)).to.contain("Whisper test client").and.contain("127.0.0.1");
  });

  it("shows as Whisper's what Whisper does in someone's name: that they joined, and links to patients", async () => {
    const joins = (await record()).filter(
      ({ type, room: where, body }) =>
        type === "membership" &&
        where === room &&
        (body.content as { membership: string }).membership === "join",
    );
    const of = (user: string) => joins.find(({ body }) => body.state_key === user);
    expect(of(benAt.userId)).to.deep.include({ actor: "whisper", onBehalfOf: benAt.userId });
    const message = await annaAt.sendText(room, "Please see #patient 4711");
    const link = await eventually("the link", async () =>
      (await record()).find(({ type, about }) => type === "edit" && about === message),
    );
    expect(link).to.deep.include({ actor: "whisper", onBehalfOf: annaAt.userId });
  });

  it("has notices and alerts as Whisper's", async () => {
    await putBooking(stack, unique("booking"), { doctor: anna, changed_by: ben });
    await mustCallApi(stack, "POST", "/api/v1/alerts", { text: "Fire drill at ten." });
    const notice = await eventually("the notice", async () =>
      (await record()).find((each) => "au.healthtrack.whisper.arrival" in contentOf(each)),
    );
    expect(notice.type).to.equal("notice");
    expect(notice.actor).to.equal("whisper");
    const alert = await eventually("the alert", async () =>
      (await record()).find(({ type, body }) => type === "alert" && body.content !== undefined),
    );
    expect(alert).to.deep.include({ actor: "whisper", onBehalfOf: null });
  });

  it("is whole, by API and by command, with the anchor", async () => {
    const whole = await eventually("everything to be sealed", async () => {
      const { body } = await callApi(stack, "GET", "/api/v1/audit/verify");
      const verdict = body as { ok: boolean; entries: number };
      return verdict.entries === (await record()).length && verdict;
    });
    expect(whole.ok).to.equal(true);
    const { stdout } = await run(process.execPath, [
      ...["src/cli.ts", "audit", "verify", "--config", stack.configFile],
    ]);
    expect(stdout).to.match(/^The record is whole: \d+ entries\.\n$/);
  });
});
