import type { UserId } from "../../policy/model.ts";
import { type ActorRecord, actingAs } from "../../record/acting.ts";
import type { Actor } from "../../record/entry.ts";
import type { Recorder } from "../../record/recorder.ts";
import type { Caller } from "./route.ts";

/** The caller, as the record names them. @throws Error on a public route, where nobody is known. */
export function actorOf(caller: Caller | null): Actor {
  if (caller === null) throw new Error("a route that records who calls it cannot be public");
  return { is: "key", id: caller.keyId };
}

/** The record, for what the caller does. @param user for whom: the user in `as`. */
export const recordOf = (record: Recorder, caller: Caller | null, user?: UserId): ActorRecord =>
  actingAs(record, actorOf(caller), user === undefined ? null : { is: "account", user });
