import { z } from "zod";
import type { Directory, RoomId, UserId, Verdict } from "../../policy/model.ts";
import type { CallbackRooms } from "./callback-rooms.ts";

export const userId = z.string().transform((id) => id as UserId);
export const roomId = z.string().transform((id) => id as RoomId);

/** The callbacks of synapse-http-antispam that Whisper enables, as Synapse names them. */
export type CallbackName =
  | "user_may_create_room"
  | "user_may_invite"
  | "user_may_send_3pid_invite"
  | "user_may_join_room"
  | "check_login_for_spam"
  | "check_event_for_spam";

/** What a decision is based on: memory, or what was just asked. */
export interface View {
  readonly directory: Directory;
  readonly roomOf: CallbackRooms["roomOf"];
}

export interface PolicyCallback<Body> {
  readonly name: CallbackName;
  /** What synapse-http-antispam sends for it. */
  readonly body: z.ZodType<Body>;
  readonly decide: (view: View, body: Body) => Promise<Verdict>;
}
