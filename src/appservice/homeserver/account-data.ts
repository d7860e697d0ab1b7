import type { UserId } from "../../policy/model.ts";
import { type Homeserver, MatrixRefused } from "./homeserver.ts";

/** A user's account data under a path; empty if there is none. */
export async function accountDataOf(
  homeserver: Homeserver,
  user: UserId,
  where: string,
): Promise<Record<string, unknown>> {
  try {
    return await homeserver.call<Record<string, unknown>>({ method: "GET", path: where, as: user });
  } catch (error) {
    if (error instanceof MatrixRefused && error.errcode === "M_NOT_FOUND") return {};
    throw error;
  }
}

/** The rooms in a list of direct chats, whoever they are with (client-server API, "Direct Messaging"). */
export function directRooms(list: Readonly<Record<string, unknown>>): ReadonlySet<string> {
  const lists = Object.values(list).filter((rooms) => Array.isArray(rooms));
  return new Set(lists.flat().filter((room) => typeof room === "string"));
}
