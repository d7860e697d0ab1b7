import type { Actor } from "../../record/entry.ts";
import type { Caller } from "./route.ts";

/** The caller, as the record names them. @throws Error on a public route, where nobody is known. */
export function actorOf(caller: Caller | null): Actor {
  if (caller === null) throw new Error("a route that records who calls it cannot be public");
  return { is: "key", id: caller.keyId };
}
