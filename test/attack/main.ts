/**
 * `npm run attack [-- --smoke] [-- --nginx] [-- --past-the-gate]`: every route of the installed Synapse, written in
 * many ways, as somebody who was removed, a stranger, and somebody who never receives, against a running practice.
 * Prints what answered; ends 1 if anybody was told what was said, posted or written where they are not. Past the gate,
 * Synapse itself is asked, and somebody is: what the gate is for, and a proof that the attack would find it.
 */

import type { Answer } from "../support/gate/caller.ts";
import { startNginx } from "../support/nginx/nginx-server.ts";
import { readEverything } from "../support/stack/every-read.ts";
import { freshStack, type TestStack } from "../support/stack/stack.ts";
import { type Attempt, attempts } from "./requests.ts";
import { type Attacker, plant, type Scene } from "./scene.ts";

const OPTIONS = ["--smoke", "--nginx", "--past-the-gate"];
const words = process.argv.slice(2);
const unknown = words.filter((word) => !OPTIONS.includes(word));
if (unknown.length > 0) {
  console.error(`There is no ${unknown.join(", ")}. There are: ${OPTIONS.join(", ")}.`);
  process.exit(2);
}
const smoke = words.includes("--smoke");
/** Odd paths for each route that reads, and minutes for all of them. */
const [EACH, MINUTES] = smoke ? [4, 2] : [120, 12];
/** The gate runs at most sixteen reads of one person at a time. */
const AT_ONCE = 12;

interface Tally {
  readonly statuses: Map<number, number>;
  readonly leaks: string[];
}

const stack = await freshStack();
let failed = true;
try {
  const address = (url: string) => new URL(url).host;
  const nginx = words.includes("--nginx")
    ? await startNginx({
        synapse: address(stack.synapse),
        whisper: address(stack.whisper),
        element: address(stack.whisper),
      })
    : undefined;
  try {
    failed = await attack(
      stack,
      words.includes("--past-the-gate") ? stack.synapse : (nginx?.url ?? stack.homeserver),
    );
  } finally {
    await nginx?.stop();
  }
} finally {
  await stack.stop();
}
process.exit(failed ? 1 : 0);

/** @returns whether anything leaked. */
async function attack(stack: TestStack, homeserver: string): Promise<boolean> {
  const scene = await plant(stack, homeserver);
  await mustBeThere(scene);
  const deadline = performance.now() + MINUTES * 60_000;
  const tallies = new Map<string, Tally>();
  let asked = 0;
  let cutOff = 0;
  await Promise.all(
    scene.attackers.map(async (attacker) => {
      const note = (name: string, what: string, status: number, text: string) => {
        asked++;
        const key = `${name} | ${attacker.who}`;
        const tally = tallies.get(key) ?? { statuses: new Map<number, number>(), leaks: [] };
        tallies.set(key, tally);
        tally.statuses.set(status, (tally.statuses.get(status) ?? 0) + 1);
        if (leaks(scene, text)) tally.leaks.push(what);
      };
      for (const { name, path, status, text } of await readEverything(
        attacker.person,
        homeserver,
        scene.known,
      ))
        note(`every read: ${name}`, path, status, text);
      const left = [...(await attempts(scene.known, attacker.caller.userId, EACH))];
      const askAll = async () => {
        for (let next = left.shift(); next !== undefined; next = left.shift()) {
          if (performance.now() > deadline) {
            cutOff += 1;
            continue;
          }
          const { status, text } = await answerTo(attacker, next);
          note(`${next.method} ${next.servlet}`, `${next.method} ${next.path}`, status, text);
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, askAll));
    }),
  );
  report(tallies);
  const leaked = [...tallies].flatMap(([key, { leaks }]) => leaks.map((what) => `${key}: ${what}`));
  for (const what of leaked.slice(0, 30)) console.error(`LEAKED: ${what}`);
  console.log(
    `${asked} requests by three people to ${tallies.size / 3} routes and reads; ${cutOff} were left out for want of ` +
      `time; ${leaked.length} answers held what the caller may not know.`,
  );
  return leaked.length > 0;
}

/** A broken connection is an answer too, and reveals nothing. */
function answerTo({ caller }: Attacker, attempt: Attempt): Promise<Pick<Answer, "status" | "text">> {
  const { method, path, body } = attempt;
  return caller
    .request(method, path, body === undefined ? {} : { body })
    .catch((error: unknown) => ({ status: 0, text: error instanceof Error ? error.message : String(error) }));
}

function leaks({ secrets }: Scene, text: string): boolean {
  return Object.values(secrets).some((secret) => text.includes(secret));
}

/** An attack that cannot find anything proves nothing, so a member must find it. */
async function mustBeThere({ member, known, secrets }: Scene): Promise<void> {
  const room = `/_matrix/client/v3/rooms/${encodeURIComponent(known.room)}`;
  const file = await member.request("GET", `/_matrix/client/v1/media/download/${known.media}`);
  const text = await member.request("GET", `${room}/messages?dir=b&limit=100`);
  const name = await member.request("GET", `${room}/state/m.room.name/`);
  const found = file.text + text.text + name.text;
  for (const [what, secret] of Object.entries(secrets))
    if (!found.includes(secret)) throw new Error(`a member does not find the ${what}`);
}

/** One row for each route: what each of the three got. */
function report(tallies: ReadonlyMap<string, Tally>): void {
  const rows: Record<string, Record<string, string | number>> = {};
  for (const [key, { statuses, leaks }] of [...tallies].sort(([one], [other]) => one.localeCompare(other))) {
    const [route = "", who = ""] = key.split(" | ");
    const answers = [...statuses]
      .sort(([one], [other]) => one - other)
      .map(([status, count]) => `${status === 0 ? "cut off" : status} × ${count}`)
      .join(", ");
    rows[route] = { ...rows[route], [who]: answers, leaked: Number(rows[route]?.leaked ?? 0) + leaks.length };
  }
  console.table(rows, ["removed member", "stranger", "never receives", "leaked"]);
}
