import { titleOf } from "../../conversations/list/list.ts";
import { sendToAdminRoom } from "../../conversations/record/admin-room.ts";
import { conversationById } from "../../conversations/record/store.ts";
import { blocks, bullets, inline, noticeMessage, plain, type Rich, strong } from "../../messages/rich.ts";
import * as words from "../../messages/words.ts";
import type { Directory } from "../../policy/model.ts";
import { actingAs, happening } from "../../record/acting.ts";
import type { Recorder } from "../../record/recorder.ts";
import type { Database, Queryable } from "../../store/database.ts";
import { auditRooms, type RoomAuditDependencies, type RoomReport } from "./audit-rooms.ts";
import { repairRoom } from "./repair-rooms.ts";
import { beginRoomAudit, finishRoomAudit, recordAuditedRoom } from "./room-audits.ts";
import type { RoomRepair } from "./room-ports.ts";

/** The most rooms and findings that a report in the admin room shows; the API returns all of them. */
const SHOWN_ROOMS = 20;
const SHOWN_FINDINGS = 5;

export interface RoomAuditJobDependencies extends RoomAuditDependencies {
  readonly database: Database;
  readonly repair: RoomRepair;
  readonly record: Recorder;
}

/**
 * The job `room_audit`: inspects the rooms, repairs them if asked to, and reports. A failed repair does not stop the
 * other repairs or the report.
 * @throws the errors of failed repairs, at the end: the job then runs again.
 */
export async function runRoomAudit(dependencies: RoomAuditJobDependencies, id: string): Promise<void> {
  const audit = await beginRoomAudit(dependencies.database, id);
  if (audit === null) return;
  const shown: RoomReport[] = [];
  const failures: unknown[] = [];
  let differing = 0;
  let accounts = 0;
  for await (const report of auditRooms(dependencies, audit.roomIds)) {
    differing += 1;
    if (report.is === "account") accounts += 1;
    if (shown.length < SHOWN_ROOMS) shown.push(report);
    if (audit.repair) {
      await recordRepair(dependencies, id, report);
      await repairRoom(dependencies.repair, report).catch((error: unknown) => failures.push(error));
    }
    await recordAuditedRoom(dependencies.database, id, differing, report);
  }
  const tells = audit.tells === "always" || (audit.tells === "if_differing" && differing > 0);
  if (tells) await sendReport(dependencies, id, audit.repair, { differing, accounts }, shown);
  await finishRoomAudit(dependencies.database, id);
  if (failures.length > 0)
    throw new AggregateError(failures, `${failures.length} rooms could not be repaired`);
}

/** A room's repair by Whisper, before it begins: once, however often the job runs. Accounts are not repaired here. */
async function recordRepair(
  { database, record }: RoomAuditJobDependencies,
  audit: string,
  report: RoomReport,
): Promise<void> {
  if (report.is === "account") return;
  const about = `room-audit:${audit}`;
  const ref = `${about}:${report.is === "conversation" ? report.conversation : report.roomId}`;
  const repair = happening("repair", about, { findings: report.findings }, report.roomId);
  await database.transaction((tx) => actingAs(record, { is: "whisper" }).write(tx, [{ ...repair, ref }]));
}

/** Sends the report into the admin room, once per audit. */
async function sendReport(
  dependencies: RoomAuditJobDependencies,
  id: string,
  repair: boolean,
  { differing, accounts }: { readonly differing: number; readonly accounts: number },
  shown: readonly RoomReport[],
): Promise<void> {
  const directory = await dependencies.directory.fresh();
  const items: Rich[] = [];
  for (const report of shown) items.push(await itemOf(dependencies.database, directory, report));
  const said =
    differing === 0
      ? plain(words.roomsAgree)
      : blocks(plain(words.roomsDiffer(differing - accounts, accounts, repair)), bullets(items));
  await dependencies.database.transaction((tx) =>
    sendToAdminRoom(tx, `room-audit:${id}`, noticeMessage(said)),
  );
}

async function itemOf(db: Queryable, directory: Directory, report: RoomReport): Promise<Rich> {
  const findings = report.findings
    .slice(0, SHOWN_FINDINGS)
    .map(({ rule, expected, actual }) => words.finding(rule, expected, actual));
  const more = report.findings.length - findings.length;
  const list = [...findings, ...(more > 0 ? [words.moreFindings(more)] : [])].join("; ");
  return inline(strong(await reportedRoomName(db, directory, report)), plain(`: ${list}`));
}

async function reportedRoomName(db: Queryable, directory: Directory, report: RoomReport): Promise<string> {
  if (report.is === "account") return words.anAccount;
  if (report.is !== "conversation") return report.is === "closed" ? words.closedRoom : words.roomWithoutName;
  const stored = await conversationById(db, report.conversation);
  if (stored === null) return words.roomWithoutName;
  const { conversation } = stored;
  if (conversation.kind === "control" || conversation.kind === "arrivals") {
    return words.roomOfPerson(
      titleOf(conversation, directory, null),
      directory.users.get(conversation.user)?.name ?? conversation.user,
    );
  }
  return titleOf(conversation, directory, null);
}
