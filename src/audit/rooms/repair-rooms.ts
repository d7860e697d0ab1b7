import type { RoomReport } from "./audit-rooms.ts";
import type { RoomRepair } from "./room-ports.ts";

/** Queues the repair of one room. */
export function repairRoom(repair: RoomRepair, report: RoomReport): Promise<void> {
  switch (report.is) {
    case "conversation":
      return repair.conversation(report.conversation, report.roomId, report.direct);
    case "closed":
      return repair.closed(report.roomId);
    case "unknown":
      return repair.unknown(report.roomId, report.creator);
    case "account":
      // Reactivating or unlocking someone is for whoever blocked them. Afterwards Whisper repairs the rest by itself.
      return Promise.resolve();
    default:
      return report satisfies never;
  }
}
