import type { Transaction } from "../store/database.ts";
import type { SmsDependencies } from "./dependencies.ts";
import { ProviderAway, type ProviderSms } from "./provider/port.ts";
import { unboundSids } from "./record/attempts.ts";
import { othersLookedFor, type SmsMessage } from "./record/messages.ts";

/** What the provider has of this SMS, made at most this many milliseconds ago; null: it cannot say. */
export const search = (
  { provider }: SmsDependencies,
  { number, body }: SmsMessage,
  ago: number,
): Promise<readonly ProviderSms[] | null> => unlessAway(provider.find({ to: number, body, ago }));

/**
 * Which of those found is this one: none of another row's. Several with the same text may each belong to a row that is
 * still looked for; then it does not matter whose is whose, and it is the oldest. `several`: nobody can tell.
 */
export async function whichOf(
  tx: Transaction,
  sms: SmsMessage,
  found: readonly ProviderSms[],
): Promise<ProviderSms | "none" | "several"> {
  const unbound = await unboundSids(
    tx,
    found.map(({ sid }) => sid),
  );
  // The provider has the newest first.
  const free = found.filter(({ sid }) => unbound.includes(sid));
  const oldest = free.at(-1);
  if (oldest === undefined) return "none";
  if (free.length === 1 || free.length <= 1 + (await othersLookedFor(tx, sms))) return oldest;
  return "several";
}

export async function unlessAway<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ProviderAway) return null;
    throw error;
  }
}
