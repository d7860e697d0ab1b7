/** Reading what a client sees: Whisper's marks, texts, relations, refusals. */
import { MatrixError, type MatrixEvent, type Room } from "matrix-js-sdk";

/** Whisper's mark on each of its rooms (state event, empty state key). */
export const CONVERSATION = "au.healthtrack.whisper.conversation";
/** The key in the content of an arrival's notice. */
export const ARRIVAL = "au.healthtrack.whisper.arrival";

/** What Whisper says of a room, or undefined for a room that is not one of its conversations. */
export function conversationOf(room: Room): { kind: string; id: string } | undefined {
  const content = room.currentState.getStateEvents(CONVERSATION, "")?.getContent();
  const { kind, id } = content ?? {};
  return typeof kind === "string" && typeof id === "string" ? { kind, id } : undefined;
}

export function bodyOf(event: MatrixEvent): string {
  const body: unknown = event.getContent().body;
  return typeof body === "string" ? body : "";
}

/** The refusal that a call is expected to meet. Fails when the call succeeds, or fails in another way. */
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

/** Which event a redaction removes. Room version 11 names the removed event in the content, earlier ones beside it. */
export function redacts(event: MatrixEvent): unknown {
  return event.getContent().redacts ?? event.event.redacts;
}

export function place(event: MatrixEvent): { roomId: string; eventId: string } {
  const roomId = event.getRoomId();
  const eventId = event.getId();
  if (roomId === undefined || eventId === undefined) throw new Error("this event is in no room yet");
  return { roomId, eventId };
}
