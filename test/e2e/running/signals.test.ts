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
  let miaAt: Person;
  let room: string;
  const [mia, jones] = [unique("mia"), unique("dr.jones")];
  const heard: { event: string; data: Record<string, unknown> }[] = [];
  let wake: () => void = () => undefined;

  before(async () => {
    stack = await freshStack();
    miaAt = await hire(stack, mia);
    await hire(stack, jones, { doctor: true });
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

  it("is told at the start whether to open, and of a message whether to come up, without its text", async () => {
    expect(await until("hello", 1)).to.deep.equal([
      { open_on_startup: true, open_on_message: true, missed: false },
    ]);
    const event = await miaAt.sendText(room, "Room 3 is free");
    const [told] = await until("message", 1);
    expect(told).to.deep.include({ event_id: event, room_id: room, sender: mia, unread: 1, open: true });
    expect(JSON.stringify(told)).to.not.contain("Room 3");
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
