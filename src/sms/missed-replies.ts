import { sendToAdminRoom } from "../conversations/record/admin-room.ts";
import type { Database } from "../store/database.ts";
import type { SmsDependencies } from "./dependencies.ts";
import { fetchedUntil, setFetchedUntil } from "./record/replies.ts";
import { receiveSms } from "./replies.ts";
import { unlessAway } from "./search.ts";
import * as words from "./words.ts";

/** An SMS may appear in the provider's list a while after it came (milliseconds): the last hour is fetched again. */
const OVERLAP = 3_600_000;

/**
 * The job `sms_replies`: takes in SMS that came in while Whisper was away, or whose webhook failed; providers call once
 * and not again. One that is known already changes nothing, so it may run at any time, and be killed at any instruction.
 * The first time, what came in earlier is not ours.
 */
export async function fetchMissedReplies(
  dependencies: SmsDependencies & { readonly database: Database },
): Promise<void> {
  const { database, provider } = dependencies;
  if (provider.received === undefined) return;
  const until = await fetchedUntil(database, provider.name);
  const since = until && new Date(until.getTime() - OVERLAP);
  const received = await unlessAway(provider.received(since));
  // It is asked again in a few minutes.
  if (received === null) return;
  for (const sms of received.sms) await receiveSms(dependencies, sms);
  await database.transaction(async (tx) => {
    if (!received.all && until !== null)
      await sendToAdminRoom(tx, `sms-missed:${until.getTime()}`, words.repliesLeftOut);
    await setFetchedUntil(tx, provider.name, received.asOf);
  });
}
