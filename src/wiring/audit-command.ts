import { setTimeout as wait } from "node:timers/promises";
import { connectHomeserver } from "../appservice/homeserver/bridge.ts";
import type { Homeserver } from "../appservice/homeserver/homeserver.ts";
import { readRegistration } from "../appservice/homeserver/registration.ts";
import { roomAudit } from "../appservice/rooms/room-inspection.ts";
import { auditRooms, type RoomReport } from "../audit/rooms/audit-rooms.ts";
import { repairRoom } from "../audit/rooms/repair-rooms.ts";
import type { Config } from "../config/schema.ts";
import { directorySnapshot } from "../directory/snapshot.ts";
import { type Database, onlyRow } from "../store/database.ts";
import { practiceSettings } from "./practice-settings.ts";

/** The running Whisper carries out repairs; the command stops waiting after this long without progress. */
const PATIENCE = 60_000;

/**
 * `whisper audit rooms [--repair]`: prints what differs, one finding per line. With `repair` it requests repairs, waits
 * for them, and compares again.
 * @returns whether all rooms are as they should be at the end.
 */
export async function auditRoomsCommand(
  config: Config,
  database: Database,
  { repair }: { readonly repair: boolean },
  print: (line: string) => void,
): Promise<boolean> {
  const homeserver = await connectHomeserver({
    homeserverUrl: config.homeserver.url,
    serverName: config.homeserver.server_name,
    registration: readRegistration(config.appservice.registration).registration,
  });
  try {
    return await auditAndRepair({ config, database, homeserver }, repair, print);
  } finally {
    await homeserver.close();
  }
}

interface AuditCommandDependencies {
  readonly config: Config;
  readonly database: Database;
  readonly homeserver: Homeserver;
}

async function auditAndRepair(
  { config, database, homeserver }: AuditCommandDependencies,
  repair: boolean,
  print: (line: string) => void,
): Promise<boolean> {
  const audit = roomAudit({
    database,
    homeserver,
    directory: directorySnapshot(database, config.arrivals.alert_roles),
    settings: practiceSettings(config),
  });
  const look = async (each: (report: RoomReport) => Promise<void>): Promise<Differing> => {
    const count = { rooms: 0, accounts: 0 };
    for await (const report of auditRooms(audit)) {
      count[report.is === "account" ? "accounts" : "rooms"] += 1;
      for (const line of linesOf(report)) print(line);
      await each(report);
    }
    return count;
  };
  const differing = await look(async (report) => {
    if (repair) await repairRoom(audit.repair, report);
  });
  const blocked = ({ accounts }: Differing) => {
    if (accounts > 0)
      print(
        `${accounts === 1 ? "1 account" : `${accounts} accounts`} cannot be used. Change this in Synapse.`,
      );
    return accounts === 0;
  };
  if (differing.rooms === 0) {
    print("All rooms are as they should be.");
    return blocked(differing);
  }
  const { rooms } = differing;
  if (!repair) {
    print(
      `${counted(rooms)} not as ${rooms === 1 ? "it" : "they"} should be. Use --repair to repair ${rooms === 1 ? "it" : "them"}.`,
    );
    blocked(differing);
    return false;
  }
  print(`Repairing ${counted(rooms).replace(/ (is|are)$/, "")} …`);
  await repairsDone(database);
  const remaining = await look(async () => undefined);
  print(
    remaining.rooms === 0
      ? "All rooms are now as they should be."
      : `${counted(remaining.rooms)} still not as ${remaining.rooms === 1 ? "it" : "they"} should be.`,
  );
  return blocked(remaining) && remaining.rooms === 0;
}

interface Differing {
  readonly rooms: number;
  readonly accounts: number;
}

const counted = (rooms: number): string => (rooms === 1 ? "1 room is" : `${rooms} rooms are`);

const linesOf = (report: RoomReport): string[] =>
  report.findings.map(({ rule, expected, actual, severity }) => {
    const what = report.is === "conversation" ? report.kind : report.is;
    return [
      severity,
      report.roomId ?? "no room",
      what,
      rule,
      `expected: ${expected}`,
      `actual: ${actual}`,
    ].join("  ");
  });

/** Waits until no room is left to check, for a bounded time. */
async function repairsDone(database: Database): Promise<void> {
  for (const deadline = Date.now() + PATIENCE; Date.now() < deadline; ) {
    const { waiting } = onlyRow(
      await database.query<{ waiting: string }>(
        `SELECT count(*) AS waiting FROM graphile_worker._private_jobs j
         JOIN graphile_worker._private_tasks t ON t.id = j.task_id
         WHERE t.identifier IN ('room', 'retire', 'adopt') AND j.attempts < j.max_attempts`,
      ),
    );
    if (waiting === "0") return;
    await wait(250);
  }
}
