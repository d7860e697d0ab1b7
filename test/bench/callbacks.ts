import { readFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../support/eventually.ts";
import { settled } from "../support/stack/settled.ts";
import type { TestStack } from "../support/stack/stack.ts";
import { putGroup, putUser } from "../support/stack/staff.ts";
import type { Bench, BenchOptions, Figure } from "./bench.ts";
import { asSynapse, ping, rowsOf, withBenchStack } from "./bench-stack.ts";
import { KeptConnection } from "./kept-connection.ts";
import { percentile } from "./numbers.ts";

const STAFF = ["ada", "ben", "cleo", "dan"];
const GROUP = "nurses";

export const callbacks: Bench = {
  name: "callbacks",
  summary: "what Synapse asks before it lets anybody do something, over one kept connection",
  minutes: 1,
  run: (options) => withBenchStack((stack) => measure(stack, options)),
};

async function measure(stack: TestStack, { smoke }: BenchOptions): Promise<Figure[]> {
  for (const username of STAFF) await putUser(stack, username);
  await putGroup(stack, GROUP, STAFF);
  const room = await eventually("the group's room to be made", () => roomOfGroup(stack), 60_000);
  await settled(stack);
  const [ada = "", ben = ""] = STAFF.map(stack.userId);

  const asked = {
    check_event_for_spam: {
      event: {
        event_id: "$asked",
        room_id: room,
        sender: ada,
        type: "m.room.message",
        content: { msgtype: "m.text", body: "Could someone look at the printer in room 3?" },
        origin_server_ts: Date.now(),
      },
    },
    // Into a room that is being made, as when a chat starts.
    user_may_invite: { inviter: ada, invitee: ben, room_id: "!justmade:localhost" },
    user_may_join_room: { user: ada, room, is_invited: true },
    user_may_create_room: { user_id: ada },
    check_login_for_spam: {
      user_id: ada,
      device_id: null,
      initial_display_name: null,
      request_info: [["Element", "192.0.2.7"]],
      auth_provider_id: null,
    },
  };
  const token = readFileSync(join(stack.stateDir, "policy-token"), "utf8").trim();
  const synapse = new KeptConnection(stack.whisper, token);
  const pinging = asSynapse(stack);
  const figures: Figure[] = [];
  for (const [name, body] of Object.entries(asked)) {
    const times: number[] = [];
    const pings: number[] = [];
    for (let count = 0; count < (smoke ? 200 : 5_000); count++) {
      times.push(await synapse.timed("POST", `/policy/${name}`, body));
      pings.push(await ping(pinging));
    }
    const warm = times.slice(times.length / 5);
    const beside = pings.slice(times.length / 5);
    figures.push(
      {
        what: `${name}, p50 (raw: a ping)`,
        unit: "ms",
        raw: percentile(beside, 0.5),
        whisper: percentile(warm, 0.5),
      },
      {
        what: `${name}, p99 (raw: a ping)`,
        unit: "ms",
        raw: percentile(beside, 0.99),
        whisper: percentile(warm, 0.99),
        goal: { of: "figure", atMost: 2 },
      },
    );
  }
  synapse.close();
  pinging.close();
  return figures;
}

async function roomOfGroup(stack: TestStack): Promise<string | undefined> {
  const [row] = await rowsOf<{ room_id: string }>(
    stack,
    "SELECT room_id FROM conversations WHERE kind = 'group' AND security_group = $1 AND room_id IS NOT NULL",
    [GROUP],
  );
  return row?.room_id;
}
