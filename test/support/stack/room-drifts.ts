/** The ways in which a group's room can differ from the rules, each made behind Whisper's back. */
import { z } from "zod";
import { actingAs, atSynapse, inDatabase, letIn, makeRoom, roomPath, setState } from "./behind-whisper.ts";
import type { ServerAdmin } from "./server-admin.ts";
import type { TestStack } from "./stack.ts";

/** Who is there when a room changes. */
export interface DriftingPractice {
  readonly stack: TestStack;
  /** Of every group whose room changes. */
  readonly members: readonly [string, string];
  readonly stranger: string;
  readonly admin: ServerAdmin;
}

/** What someone does to a group's room behind Whisper's back, the rules that it breaks, and how it is repaired. */
export interface RoomDrift {
  readonly group: string;
  readonly rules: readonly string[];
  readonly severity: string;
  /** @returns what now stands in the room's place, if anything. */
  readonly drift: (practice: DriftingPractice, room: string) => Promise<unknown>;
  /** The room cannot be repaired: everyone gets another one. */
  readonly replaced?: true;
}

export const ROOM_DRIFTS: readonly RoomDrift[] = [
  {
    group: "Name",
    rules: ["name"],
    severity: "warning",
    drift: ({ stack }, room) => setState(stack, room, "m.room.name", { name: "Party" }),
  },
  {
    group: "Topic",
    rules: ["topic"],
    severity: "warning",
    drift: ({ stack }, room) => setState(stack, room, "m.room.topic", { topic: "x" }),
  },
  {
    group: "Join rule",
    rules: ["join_rule"],
    severity: "critical",
    drift: ({ stack }, room) => setState(stack, room, "m.room.join_rules", { join_rule: "public" }),
  },
  {
    group: "Guests",
    rules: ["guest_access"],
    severity: "critical",
    drift: ({ stack }, room) => setState(stack, room, "m.room.guest_access", { guest_access: "can_join" }),
  },
  {
    group: "History visibility",
    rules: ["history_visibility"],
    severity: "critical",
    drift: ({ stack }, room) =>
      setState(stack, room, "m.room.history_visibility", { history_visibility: "world_readable" }),
  },
  {
    group: "Marker",
    rules: ["marker"],
    severity: "warning",
    drift: ({ stack }, room) =>
      setState(stack, room, "au.healthtrack.whisper.conversation", { kind: "group", id: "x", revision: 1 }),
  },
  {
    group: "Power levels",
    rules: ["power_levels"],
    severity: "critical",
    drift: async ({ stack }, room) => {
      const levels = await powerLevels(stack, room);
      await setState(stack, room, "m.room.power_levels", { ...levels, ban: 0, invite: 0, users_default: 50 });
    },
  },
  {
    group: "Intruder",
    rules: ["membership"],
    severity: "critical",
    drift: ({ stack, stranger }, room) => letIn(stack, room, stranger),
  },
  {
    group: "Thrown out",
    rules: ["membership"],
    severity: "warning",
    drift: ({ stack, members: [, ben] }, room) => put(stack, "kick", room, ben),
  },
  {
    group: "Banned",
    rules: ["membership"],
    severity: "warning",
    drift: ({ stack, members: [, ben] }, room) => put(stack, "ban", room, ben),
  },
  {
    group: "Left but not forgotten",
    rules: ["forgotten"],
    severity: "critical",
    drift: async ({ stack, stranger: cara }, room) => {
      await letIn(stack, room, cara);
      await put(stack, "kick", room, cara);
      // Synapse forgets rooms with those who leave. A withdrawn invitation opens the history to them again.
      await atSynapse(stack, "POST", `${roomPath(room)}/invite`, { user_id: stack.userId(cara) });
      await put(stack, "kick", room, cara);
    },
  },
  {
    group: "Encrypted",
    rules: ["encryption"],
    severity: "critical",
    drift: ({ stack }, room) =>
      setState(stack, room, "m.room.encryption", { algorithm: "m.megolm.v1.aes-sha2" }),
    replaced: true,
  },
  {
    group: "Tombstone",
    rules: ["tombstone"],
    severity: "critical",
    drift: ({ stack }, room) =>
      setState(stack, room, "m.room.tombstone", { body: "x", replacement_room: "!x:localhost" }),
    replaced: true,
  },
  {
    group: "Bot gone",
    rules: ["bot"],
    severity: "critical",
    drift: ({ stack }, room) => atSynapse(stack, "POST", `${roomPath(room)}/leave`, {}),
    replaced: true,
  },
  {
    group: "Bot powerless",
    rules: ["bot", "power_levels"],
    severity: "critical",
    drift: async ({ stack }, room) => {
      const levels = await powerLevels(stack, room);
      await setState(stack, room, "m.room.power_levels", { ...levels, users: { "@whisper:localhost": 40 } });
    },
    replaced: true,
  },
  {
    group: "Stranger with power",
    rules: ["bot", "power_levels"],
    severity: "critical",
    drift: ({ admin }, room) =>
      admin.act("POST", `/_synapse/admin/v1/rooms/${encodeURIComponent(room)}/make_room_admin`, {}),
    replaced: true,
  },
  {
    group: "Version",
    rules: ["version"],
    severity: "critical",
    drift: async (practice, room) =>
      standIn(practice, room, await makeRoom(actingAs(practice.stack), { room_version: "12" })),
    replaced: true,
  },
  {
    group: "Creator",
    rules: ["creator"],
    severity: "critical",
    drift: async (practice, room) => {
      const { stack, admin } = practice;
      const other = await makeRoom(admin, {
        invite: ["@whisper:localhost"],
        power_level_content_override: { users: { "@whisper:localhost": 100, [admin.userId]: 100 } },
      });
      await atSynapse(stack, "POST", `/_matrix/client/v3/join/${encodeURIComponent(other)}`, {});
      return standIn(practice, room, other);
    },
    replaced: true,
  },
  {
    group: "Purged",
    rules: ["unknown_room"],
    severity: "critical",
    drift: ({ stack }, room) =>
      atSynapse(stack, "DELETE", `/_synapse/admin/v1/rooms/${encodeURIComponent(room)}`, { purge: true }),
    replaced: true,
  },
];

const put = (stack: TestStack, what: "kick" | "ban", room: string, username: string) =>
  atSynapse(stack, "POST", `${roomPath(room)}/${what}`, { user_id: stack.userId(username) });

const powerLevels = async (stack: TestStack, room: string) =>
  z
    .record(z.string(), z.unknown())
    .parse(await atSynapse(stack, "GET", `${roomPath(room)}/state/m.room.power_levels/`));

/** Another room stands in place of the group's. */
async function standIn({ stack, members }: DriftingPractice, old: string, room: string): Promise<string> {
  await inDatabase(stack, "UPDATE conversations SET room_id = $2 WHERE room_id = $1", old, room);
  await atSynapse(stack, "DELETE", `/_synapse/admin/v1/rooms/${encodeURIComponent(old)}`, { purge: true });
  for (const username of members) await letIn(stack, room, username);
  return room;
}
