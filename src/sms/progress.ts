import { sendToAdminRoom } from "../conversations/record/admin-room.ts";
import { enqueueSends, isOutOfReach } from "../messages/outbox.ts";
import type { Directory } from "../policy/model.ts";
import type { ReportedState, SmsFailure, SmsState } from "../policy/sms/states.ts";
import { afterReport, SMS_FAILURES } from "../policy/sms/states.ts";
import type { Transaction } from "../store/database.ts";
import { addJob } from "../store/jobs.ts";
import { DELIVERED, type Marked, note, privateNote, problem, question, reviewRef, sign } from "./marks.ts";
import { emptyBody, type SmsMessage, setState } from "./record/messages.ts";
import { setOptedOut } from "./record/opt-outs.ts";
import * as words from "./words.ts";

/** Queues the work that an SMS needs next, not before this time. */
export const workOn = (tx: Transaction, id: string, runAt?: Date): Promise<void> =>
  addJob(
    tx,
    "sms",
    { sms_id: id },
    { queue: `sms:${id}`, ...(runAt === undefined ? { promptly: true } : { runAt }) },
  );

export const markedBy = ({ conversation, shownEvent }: SmsMessage): Marked => ({
  conversation,
  event: shownEvent,
});
export const nameOf = ({ recipient }: SmsMessage, directory: Directory): string =>
  directory.users.get(recipient)?.name ?? recipient;

/**
 * Moves an SMS to a state and shows it to people. Each state is shown once: the refs come from the SMS and the state.
 * The SMS must be locked.
 */
export async function moveTo(
  tx: Transaction,
  directory: Directory,
  sms: SmsMessage,
  state: SmsState,
  about: {
    reason?: SmsFailure | null;
    attempt?: string | undefined;
    notBefore?: Date;
    tried?: true;
    several?: boolean;
  } = {},
): Promise<void> {
  if (sms.withdrawn && (state === "queued" || state === "review"))
    return moveTo(tx, directory, sms, "cancelled");
  const { reason = null, attempt = "", several = false, ...rest } = about;
  await setState(tx, sms.id, state, { reason, ...rest });
  if (sms.withdrawn && state !== "unknown") await emptyBody(tx, sms.id);
  const marked = markedBy(sms);
  const ref = `sms:${sms.id}:${state}`;
  switch (state) {
    case "delivered":
      await enqueueSends(tx, [
        (await isOutOfReach(tx, sms.conversation, sms.shownEvent))
          ? note(ref, marked, words.delivered(nameOf(sms, directory)))
          : sign(marked, DELIVERED),
      ]);
      break;
    case "failed":
    case "undelivered": {
      const failure = reason ?? SMS_FAILURES.find((each) => each === sms.reason) ?? "other";
      if (failure === "opted-out") await setOptedOut(tx, sms.number, true);
      if (failure === "setup") await sendToAdminRoom(tx, `sms-setup:${sms.id}`, words.providerRefuses);
      await enqueueSends(
        tx,
        problem(`sms:${sms.id}:failed`, marked, words.failure(nameOf(sms, directory), failure)),
      );
      break;
    }
    case "review":
      await enqueueSends(
        tx,
        question(
          reviewRef(sms.id, attempt),
          marked,
          (several ? words.askSeveral : words.askAgain)(nameOf(sms, directory)),
        ),
      );
      break;
    case "shown":
      await enqueueSends(tx, [privateNote(ref, marked, words.shown(sms.body))]);
      break;
    case "left":
      await enqueueSends(tx, [note(ref, marked, words.leftAlone)]);
      break;
    default:
      break;
  }
}

/** Takes in what the provider says of an SMS. The SMS must be locked. @returns whether it was news. */
export async function report(
  tx: Transaction,
  directory: Directory,
  sms: SmsMessage,
  state: ReportedState | null,
  failure: SmsFailure | null,
): Promise<boolean> {
  const next = state === null ? sms.state : afterReport(sms.state, state);
  if (next === sms.state) {
    // The reason of a failure may come after it.
    if (failure !== null && sms.reason === null && (next === "failed" || next === "undelivered"))
      await setState(tx, sms.id, next, { reason: failure });
    return false;
  }
  if (sms.state === "review" || sms.state === "left")
    await enqueueSends(tx, [note(`sms:${sms.id}:found`, markedBy(sms), words.settledAfterAll)]);
  await moveTo(tx, directory, sms, next, { reason: failure });
  return true;
}
