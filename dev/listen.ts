/**
 * A listener as HealthTrack's desktop may have one, to be read by those who build it:
 *
 *     WHISPER_API_KEY=… node dev/listen.ts http://localhost:9000 mia.kowalski
 */
import { setTimeout as wait } from "node:timers/promises";

const [address, username] = process.argv.slice(2);
const key = process.env.WHISPER_API_KEY;
if (address === undefined || username === undefined || key === undefined) {
  console.error("Usage: WHISPER_API_KEY=… node dev/listen.ts <Whisper's address> <user name>");
  process.exit(1);
}

/** Kept where it survives a restart of the desktop, so that nothing that came meanwhile is lost. */
let lastEventId = "";
/** The ones that came lately, since an event may come twice after a reconnection. */
const seen = new Set<string>();

for (;;) {
  try {
    await listen();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
  }
  // Whisper was restarted, or the network was away.
  await wait(2_000);
}

async function listen(): Promise<void> {
  const url = new URL(`/api/v1/users/${encodeURIComponent(username ?? "")}/events`, address);
  const headers = { authorization: `Bearer ${key}`, ...(lastEventId && { "last-event-id": lastEventId }) };
  const response = await fetch(url, { headers });
  if (!response.ok || response.body === null) throw new Error(`${response.status} ${await response.text()}`);
  let text = "";
  for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
    text += piece;
    const frames = text.split("\n\n");
    text = frames.pop() ?? "";
    for (const frame of frames) handle(frame);
  }
}

function handle(frame: string): void {
  const fields = new Map(frame.split("\n").map((line) => line.split(/: ?(.*)/s, 2) as [string, string]));
  const [event, data, id] = [fields.get("event"), fields.get("data"), fields.get("id")];
  if (id !== undefined) lastEventId = id;
  // A sign of life.
  if (event === undefined || data === undefined) return;
  const number = id?.split(".")[1];
  if (number !== undefined && event !== "hello") {
    if (seen.has(number)) return;
    seen.add(number);
    if (seen.size > 1_000) seen.delete([...seen][0] ?? "");
  }
  // HealthTrack brings its window up if `open` is true, shows the number of unread messages, and opens the patient of
  // `patient-open`.
  console.log(event, data);
}
