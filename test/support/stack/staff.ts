/** Staff of the shared stack: hired through HealthTrack's API, signed in as real clients. */
import { randomBytes } from "node:crypto";
import { z } from "zod";
import { mustCallApi } from "../../../dev/clients/api.ts";
import type { Person } from "../../../dev/clients/person.ts";
import { conversationOf } from "../../../dev/clients/room-events.ts";
import { eventually } from "../eventually.ts";
import type { StaffSignIn, TestStack } from "./stack.ts";

/** A name that no other test in this run has, so that tests can share a practice. */
export const unique = (name: string): string => `${name}.${randomBytes(3).toString("hex")}`;

export interface Hire {
  readonly name?: string;
  readonly doctor?: boolean;
  readonly active?: boolean;
  readonly role?: string;
  readonly permissions?: readonly string[];
}

/** Tells Whisper of a user, as HealthTrack does. Effects may still be pending when this returns. */
export async function putUser(stack: TestStack, username: string, hire: Hire = {}): Promise<void> {
  await mustCallApi(stack, "PUT", `/api/v1/users/${username}`, { username, name: nameOf(username), ...hire });
}

export const nameOf = (username: string): string =>
  username
    .split(".")
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join(" ");

export async function putGroup(stack: TestStack, id: string, members: readonly string[]): Promise<void> {
  await mustCallApi(stack, "PUT", `/api/v1/security-groups/${id}`, { id, name: id, members });
}

/** A new member of staff, at their client. */
export async function hire(
  stack: TestStack,
  username: string,
  details: Hire = {},
  signIn: StaffSignIn = {},
): Promise<Person> {
  await putUser(stack, username, details);
  return eventually(`${username} to be able to sign in`, () => stack.signIn(username, signIn), 30_000);
}

/** A booking's new status, now. */
export async function putBooking(
  stack: TestStack,
  booking: string,
  details: {
    /** Null or left out: the patient came without a booked doctor. */
    readonly doctor?: string | null;
    readonly changed_by?: string | null;
    readonly status?: string;
    readonly location?: string;
  },
): Promise<void> {
  const now = new Date().toISOString();
  await mustCallApi(stack, "PUT", `/api/v1/bookings/${booking}`, {
    status: "arrived",
    // Each booking has its own patient: one patient's bookings share a notice.
    patient_id: booking,
    patient_name: "Juniper Alder",
    location: "Wattle Street",
    appointment_at: now,
    changed_at: now,
    ...details,
  });
}

const event = z.looseObject({
  event_id: z.string(),
  sender: z.string(),
  type: z.string(),
  content: z.record(z.string(), z.unknown()),
  redacts: z.string().optional(),
});
export type SeenEvent = z.infer<typeof event>;
const page = z.object({ chunk: z.array(event), end: z.string().optional() });

/**
 * Everything in a room as the homeserver gives it to this person, oldest first, whatever a sync hid or doubled.
 * @param before only what is before this token of the homeserver's, such as the `prev_batch` of a sync.
 */
export async function historyOf(person: Person, roomId: string, before?: string): Promise<SeenEvent[]> {
  const events: SeenEvent[] = [];
  for (let from = before; ; ) {
    const query = new URLSearchParams({ dir: "b", limit: "100", ...(from === undefined ? {} : { from }) });
    const path = `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/messages?${query}`;
    const { status, body } = await person.request("GET", path);
    if (status !== 200) throw new Error(`/messages answered ${status}: ${JSON.stringify(body)}`);
    const { chunk, end } = page.parse(body);
    events.push(...chunk);
    if (end === undefined || chunk.length === 0) return events.reverse();
    from = end;
  }
}

/** A room's texts, oldest first, with their senders. */
export const textsOf = async (person: Person, roomId: string): Promise<string[]> =>
  (await historyOf(person, roomId)).flatMap(({ type, sender, content }) =>
    type === "m.room.message" && typeof content.body === "string" ? [`${sender} ${content.body}`] : [],
  );

/** The room of a conversation of this kind, once the person has joined it. */
export const roomOfKind = (person: Person, kind: string, named = "") =>
  person.waitForRoom(
    `the ${kind} room ${named}`,
    (room) => conversationOf(room)?.kind === kind && room.name.includes(named),
    30_000,
  );
