import type { Database } from "../store/database.ts";
import type { SmsDependencies } from "./dependencies.ts";
import { report } from "./progress.ts";
import type { ProviderReports, StatusReport } from "./provider/port.ts";
import { bindSid, newReport, smsOfAttempt } from "./record/attempts.ts";
import { lockSms } from "./record/messages.ts";
import { receiveSms } from "./replies.ts";

/** What is done with the provider's calls. */
export const providerReports = (
  dependencies: SmsDependencies & { readonly database: Database },
): ProviderReports => ({
  status: (said) => receiveReport(dependencies, said),
  incoming: (sms) => receiveSms(dependencies, sms),
});

/**
 * Takes in a report of an attempt. It binds the provider's id even if the attempt's own answer was never heard. Unknown
 * refs, and reports that came before, change nothing.
 */
async function receiveReport(
  { database, directory }: SmsDependencies & { readonly database: Database },
  said: StatusReport,
): Promise<void> {
  await database.transaction(async (tx) => {
    const id = await smsOfAttempt(tx, said.ref);
    const sms = id === null ? null : await lockSms(tx, id);
    if (sms === null || !(await newReport(tx, said))) return;
    // Another attempt has this id: the address was called with someone else's.
    if (!(await bindSid(tx, said.ref, said.sid))) return;
    await report(tx, await directory.within(tx), sms, said.state, said.failure);
  });
}
