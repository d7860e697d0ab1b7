import type { UserId } from "../../policy/model.ts";
import { type Homeserver, MatrixRefused } from "./homeserver.ts";

/** What a user's account holds under a path of account data; empty when there is nothing. */
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
