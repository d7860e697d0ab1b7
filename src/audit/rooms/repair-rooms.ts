import type { RoomReport } from "./audit-rooms.ts";
import type { RoomRepair } from "./room-ports.ts";

/** Has one room put right. The jobs that do it are queued when this returns. */
export function repairRoom(repair: RoomRepair, report: RoomReport): Promise<void> {
  switch (report.is) {
    case "conversation":
      return repair.conversation(report.conversation, report.roomId, report.direct);
    case "closed":
      return repair.closed(report.roomId);
    case "unknown":
      return repair.unknown(report.roomId, report.creator);
    default:
      return report satisfies never;
  }
}
