/** HealthTrack's desktop hears at once what happens to its user, also when Whisper is killed meanwhile. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect } from "chai";
import { mustCallApi } from "../../../dev/clients/api.ts";
import type { Person } from "../../../dev/clients/person.ts";
import { openConversation } from "../../support/stack/conversation-api.ts";
import { settled } from "../../support/stack/settled.ts";
import { freshStack, type TestStack } from "../../support/stack/stack.ts";
import { hire, putBooking, unique } from "../../support/stack/staff.ts";

const LISTENER = join(import.meta.dirname, "../../../dev/listen.ts");

describe("A desktop that listens", function () {
  this.timeout(180_000);
  let stack: TestStack;
  let desktop: ChildProcess;
  let [miaAt, jonesAt, benAt]: [Person, Person, Person] = [
    undefined as never,
    undefined as never,
    undefined as never,
  ];
  let room: string;
  const [mia, jones] = [unique("mia"), unique("dr.jones")];
  const heard: { event: string; data: Record<string, unknown> }[] = [];
  let wake: () => void = () => undefined;

  before(async () => {
    stack = await freshStack();
    miaAt = await hire(stack, mia);
    jonesAt = await hire(stack, jones, { doctor: true });
    benAt = await hire(stack, unique("ben"));
    ({ room } = await openConversation(stack, mia, { users: [jones] }));
    await mustCallApi(stack, "PATCH", `/api/v1/users/${jones}/preferences`, {
      open_on_message: true,
      open_on_startup: true,
    });
    await settled(stack);
    desktop = spawn(process.execPath, [LISTENER, stack.whisper, jones], {
      env: { ...process.env, WHISPER_API_KEY: stack.apiKey },
      stdio: ["ignore", "pipe", "inherit"],
    });
    if (desktop.stdout === null) throw new Error("the listener says nothing");
    createInterface(desktop.stdout).on("line", (line) => {
      const [event = "", ...data] = line.split(" ");
      heard.push({ event, data: JSON.parse(data.join(" ")) });
      wake();
    });
  });
  after(async () => {
    desktop?.kill();
    await stack?.stop();
  });

  /** Waits until the listener has heard this many events of a kind. */
  async function until(event: string, count: number): Promise<Record<string, unknown>[]> {
    for (;;) {
      const found = heard.filter((each) => each.event === event).map(({ data }) => data);
      if (found.length >= count) return found;
      const { promise, resolve } = Promise.withResolvers<void>();
      wake = resolve;
      await promise;
    }
  }

  it("learns at its start to open: Open on Startup also includes Whisper Messenger", async () => {
    const [hello] = await until("hello", 1);
    expect(hello).to.deep.equal({ open_on_startup: true, open_on_message: true, missed: false });
  });

  it("comes up by Open Whisper when a New Message is Received, and is not told what the message says", async () => {
    const event = await miaAt.sendText(room, "Room 3 is free");
    const [told] = await until("message", 1);
    expect(told).to.deep.include({ event_id: event, room_id: room, sender: mia, unread: 1, open: true });
    expect(JSON.stringify(told)).to.not.contain("Room 3");
  });

  it("stays where it is by Keep Whisper Hidden: messages accumulate without any notification", async () => {
    const before = (await until("message", 1)).length;
    const set = (preferences: object) =>
      mustCallApi(stack, "PATCH", `/api/v1/users/${jones}/preferences`, preferences);
    await set({ keep_hidden: true });
    await miaAt.sendText(room, "When you have a minute");
    const told = (await until("message", before + 1)).at(-1);
    expect(told).to.include({ open: false, unread: 2 });
    await set({ keep_hidden: false });
  });

  it("opens the patient whose link its user opens, and no one else's", async () => {
    await miaAt.sendText(room, "Please see #patient 0012");
    const shown = await jonesAt.waitForEvent("the link", (event) =>
      String(event.getContent().formatted_body).includes("/open/patient/"),
    );
    const [, href = ""] = /href="([^"]+)"/.exec(String(shown.getContent().formatted_body)) ?? [];
    // Neither a preview nor the link's own sender opens it on this desktop.
    await fetch(href, { method: "HEAD" });
    await fetch(href);
    expect((await miaAt.request("POST", href)).status).to.equal(204);
    expect((await benAt.request("POST", href)).status).to.equal(403);
    expect((await jonesAt.request("POST", href)).status).to.equal(204);
    expect(await until("patient-open", 1)).to.deep.equal([{ patient_id: "0012" }]);
    await settled(stack);
    expect(await until("patient-open", 1)).to.have.length(1);
  });

  it("is told of an arrival", async () => {
    await putBooking(stack, unique("b"), { doctor: jones, changed_by: mia });
    const [told] = await until("arrival", 1);
    expect(told?.state).to.equal("waiting");
    expect(JSON.stringify(told)).to.not.match(/12345/);
  });

  it("hears of everything once, though Whisper is killed again and again", async () => {
    const sent: string[] = [];
    const from = heard.filter(({ event }) => event === "message").length;
    for (let round = 0; round < 3; round++) {
      sent.push(await miaAt.sendText(room, `Before ${round}`));
      await stack.killWhisper();
      await stack.startWhisper();
      sent.push(await miaAt.sendText(room, `After ${round}`));
    }
    const told = (await until("message", from + sent.length)).slice(from).map(({ event_id }) => event_id);
    await settled(stack);
    expect(told.toSorted()).to.deep.equal(sent.toSorted());
  });
});
