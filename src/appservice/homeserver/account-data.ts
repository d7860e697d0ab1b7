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
