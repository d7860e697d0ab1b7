/** Reads what a client sees: Whisper's markers, texts, relations, refusals. */
import { MatrixError, type MatrixEvent, type Room } from "matrix-js-sdk";

/** Whisper's marker on each of its rooms (state event, empty state key). */
export const CONVERSATION = "au.healthtrack.whisper.conversation";
/** The key in the content of an arrival's notice. */
export const ARRIVAL = "au.healthtrack.whisper.arrival";

/** The content of a room's marker, or undefined if the room is not one of Whisper's conversations. */
export function conversationOf(room: Room): { kind: string; id: string } | undefined {
  const content = room.currentState.getStateEvents(CONVERSATION, "")?.getContent();
  const { kind, id } = content ?? {};
  return typeof kind === "string" && typeof id === "string" ? { kind, id } : undefined;
}

/**
 * The client's own membership in a room, by its latest event. The SDK takes it from `state_after` (MSC4222) if there is
 * one, and Synapse leaves out of that the departure of a room's last member. The read gate puts it in; past the gate, the
 * timeline tells.
 */
export function ownMembership(room: Room): string | undefined {
  const stated = room.getMember(room.myUserId)?.events.member;
  const said = room
    .getLiveTimeline()
    .getEvents()
    .findLast((event) => event.getType() === "m.room.member" && event.getStateKey() === room.myUserId);
  if (said === undefined || (stated !== undefined && stated.getTs() > said.getTs()))
    return room.getMyMembership();
  return said.getContent().membership;
}

export function bodyOf(event: MatrixEvent): string {
  const body: unknown = event.getContent().body;
  return typeof body === "string" ? body : "";
}

/** Returns the refusal that a call must get. Fails if the call succeeds, or fails in another way. */
export async function refusalOf(
  call: Promise<unknown>,
): Promise<{ status: number; code: string; text: string }> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof MatrixError)) throw error;
    const text: unknown = error.data.error;
    return {
      status: error.httpStatus ?? 0,
      code: error.errcode ?? "",
      text: typeof text === "string" ? text : error.message,
    };
  }
  throw new Error("the homeserver allowed what it should have refused");
}

export function matches(wanted: string | RegExp, body: string): boolean {
  return typeof wanted === "string" ? body.includes(wanted) : wanted.test(body);
}

/** The event that a redaction removes. Room version 11 names it in the content; earlier versions at the top level. */
export function redacts(event: MatrixEvent): unknown {
  return event.getContent().redacts ?? event.event.redacts;
}

export function place(event: MatrixEvent): { roomId: string; eventId: string } {
  const roomId = event.getRoomId();
  const eventId = event.getId();
  if (roomId === undefined || eventId === undefined) throw new Error("this event is in no room yet");
  return { roomId, eventId };
}

/** Each room and its latest lines. */
export function describeRooms(rooms: readonly Room[]): string {
  const described = rooms.map((room) => {
    const lines = room
      .getLiveTimeline()
      .getEvents()
      .slice(-4)
      .map((event) => `      ${event.getSender()} ${event.getType()} ${bodyOf(event).slice(0, 80)}`);
    return [
      `    ${room.name} (${room.roomId}, ${conversationOf(room)?.kind ?? "no conversation"})`,
      ...lines,
    ].join("\n");
  });
  return described.length === 0 ? "    none" : described.join("\n");
}
