import { enqueueSends } from "../messages/outbox.ts";
import { mayWrite } from "../policy/people/individual.ts";
import { quietUntil } from "../policy/sms/quiet-hours.ts";
import { retryIn, SURELY_NEW, TOO_LATE } from "../policy/sms/retry.ts";
import { afterAttempt, isFinal, maySubmit, type SmsFailure, type Submitted } from "../policy/sms/states.ts";
import type { Database, Transaction } from "../store/database.ts";
import type { SmsDependencies, SmsSettings } from "./dependencies.ts";
import { problem } from "./marks.ts";
import { markedBy, moveTo, report, workOn } from "./progress.ts";
import type { ProviderSms } from "./provider/port.ts";
import { beginAttempt, bindSid, latestAttempt, type SmsAttempt } from "./record/attempts.ts";
import { lockSms, type SmsMessage, setState } from "./record/messages.ts";
import { hasOptedOut } from "./record/opt-outs.ts";
import { askInNewRoom } from "./replaced-room.ts";
import { search, unlessAway, whichOf } from "./search.ts";
import * as words from "./words.ts";

/**
 * The provider is asked about an SMS it says nothing of for this long (milliseconds), and once after that if Whisper was
 * away; then its state stands.
 */
const ASKED_FOR = 24 * 3_600_000;
/** Between two searches for an SMS that may have been accepted. */
const BETWEEN_SEARCHES = 60_000;

/** What is done outside the database, once the transaction that decided it is committed. */
type Task =
  | { readonly task: "none" }
  | { readonly task: "submit"; readonly ref: string; readonly sms: SmsMessage }
  /** Before the first attempt: has it been sent by a Whisper that this database does not know of? */
  | { readonly task: "look-first"; readonly sms: SmsMessage }
  | { readonly task: "look"; readonly sms: SmsMessage; readonly attempt: SmsAttempt }
  | { readonly task: "ask"; readonly sms: SmsMessage; readonly attempt: SmsAttempt };

const NONE: Task = { task: "none" };

/**
 * The job `sms`: takes the next step of one SMS. It may run again at any time: an attempt is committed before the
 * provider is asked, and one whose answer is not known is never made again by itself.
 */
export async function workOnSms(
  dependencies: SmsDependencies & { readonly database: Database },
  id: string,
): Promise<void> {
  const { database } = dependencies;
  let task = await database.transaction((tx) => nextTask(tx, dependencies, id, "not looked"));
  if (task.task === "look-first") {
    const found = await search(dependencies, task.sms, task.sms.age + SURELY_NEW);
    task = await database.transaction((tx) => afterFirstLook(tx, dependencies, id, found));
  }
  switch (task.task) {
    case "none":
    case "look-first":
      return;
    case "submit": {
      const { ref, sms } = task;
      const submitted = await dependencies.provider.submit({ to: sms.number, body: sms.body, ref });
      return database.transaction((tx) => submittedSms(tx, dependencies, id, ref, submitted));
    }
    case "look": {
      const { attempt, sms } = task;
      const found = await search(dependencies, sms, attempt.age);
      return database.transaction((tx) => lookedFor(tx, dependencies, id, attempt, found));
    }
    case "ask": {
      const { attempt } = task;
      const said = attempt.sid === null ? null : await unlessAway(dependencies.provider.ask(attempt.sid));
      return database.transaction((tx) => asked(tx, dependencies, id, attempt, said));
    }
    default:
      return task satisfies never;
  }
}

async function nextTask(
  tx: Transaction,
  dependencies: SmsDependencies,
  id: string,
  looked: "looked" | "not looked",
): Promise<Task> {
  const { smsSettings, now } = dependencies;
  const sms = await lockSms(tx, id);
  if (sms === null || isFinal(sms.state)) return NONE;
  const at = now();
  const attempt = await latestAttempt(tx, id);
  switch (sms.state) {
    case "queued": {
      if (sms.notBefore > at) return later(tx, id, sms.notBefore);
      const rule = mayWrite(await dependencies.directory.within(tx), sms.sender, sms.recipient);
      if (!rule.allowed) return withheld(tx, sms, rule.reason);
      if (await hasOptedOut(tx, sms.number)) return failed(tx, dependencies, sms, "opted-out");
      const quiet = quietAt(at, smsSettings);
      // Also when it is tried again.
      if (quiet !== null) return later(tx, id, quiet);
      if (looked === "not looked" && sms.tries === 0 && at.getTime() - sms.saidAt.getTime() > SURELY_NEW)
        return { task: "look-first", sms };
      // The time in which quiet hours held it does not count, nor that before its sender decided.
      const held = quietAt(new Date(at.getTime() - TOO_LATE), smsSettings);
      const asked = Math.max(sms.saidAt.getTime(), sms.decidedAt?.getTime() ?? 0);
      if (at.getTime() - Math.max(asked, held?.getTime() ?? 0) > TOO_LATE)
        return givenUp(tx, dependencies, sms);
      if (!maySubmit(sms.state)) return NONE;
      const ref = await beginAttempt(tx, id, smsSettings.lease);
      await setState(tx, id, "submitting", { tried: true });
      // If this process ends, someone looks into it once the lease is over.
      await workOn(tx, id, new Date(at.getTime() + smsSettings.lease));
      return { task: "submit", ref, sms };
    }
    case "submitting": {
      if (attempt === null) return NONE;
      if (attempt.leaseUntil > at) return later(tx, id, attempt.leaseUntil);
      await setState(tx, id, "unknown");
      return { task: "look", sms: { ...sms, state: "unknown" }, attempt };
    }
    case "unknown":
      return attempt === null ? NONE : { task: "look", sms, attempt };
    case "accepted":
    case "sent": {
      if (attempt?.sid == null) return NONE;
      const due = new Date(sms.stateAt.getTime() + smsSettings.askAfter);
      return due > at ? later(tx, id, due) : { task: "ask", sms, attempt };
    }
    case "review":
      await askInNewRoom(tx, await dependencies.directory.within(tx), sms, attempt?.ref ?? "");
      return NONE;
    default:
      return NONE;
  }
}

/** The end of the quiet hours that a moment is in; null: it is in none. */
const quietAt = (at: Date, { quietHours, timezone }: SmsSettings): Date | null =>
  quietHours && quietUntil(at, timezone, quietHours);

async function later(tx: Transaction, id: string, at: Date): Promise<Task> {
  await workOn(tx, id, at);
  return NONE;
}

/**
 * It could not go out for hours. If its sender has decided once, an earlier attempt may still have been taken: nobody can
 * say that it was not sent, and so its sender decides again.
 */
async function givenUp(tx: Transaction, dependencies: SmsDependencies, sms: SmsMessage): Promise<Task> {
  if (sms.decidedAt === null)
    return failed(tx, dependencies, sms, sms.tries > 0 ? "provider-away" : "too-late");
  const attempt = await beginAttempt(tx, sms.id, 0);
  await moveTo(tx, await dependencies.directory.within(tx), sms, "review", { attempt, tried: true });
  return NONE;
}

async function failed(
  tx: Transaction,
  { directory }: SmsDependencies,
  sms: SmsMessage,
  reason: SmsFailure,
): Promise<Task> {
  await moveTo(tx, await directory.within(tx), sms, "failed", { reason });
  return NONE;
}

/** The rules changed while it waited: someone left, or no longer receives messages. */
async function withheld(tx: Transaction, sms: SmsMessage, reason: string): Promise<Task> {
  await setState(tx, sms.id, "cancelled");
  await enqueueSends(tx, problem(`sms:${sms.id}:withheld`, markedBy(sms), words.byRule(reason)));
  return NONE;
}

async function afterFirstLook(
  tx: Transaction,
  dependencies: SmsDependencies,
  id: string,
  found: readonly ProviderSms[] | null,
): Promise<Task> {
  const sms = await lockSms(tx, id);
  if (sms === null || !maySubmit(sms.state)) return NONE;
  if (found === null) return later(tx, id, new Date(dependencies.now().getTime() + BETWEEN_SEARCHES));
  const only = await whichOf(tx, sms, found);
  // Its sender was told that there are several, and wants it sent.
  if (only === "none" || (only === "several" && sms.decidedAt !== null))
    return nextTask(tx, dependencies, id, "looked");
  const ref = await beginAttempt(tx, id, 0);
  if (only === "several") {
    await moveTo(tx, await dependencies.directory.within(tx), sms, "review", {
      attempt: ref,
      tried: true,
      several: true,
    });
    return NONE;
  }
  await bindSid(tx, ref, only.sid);
  await report(tx, await dependencies.directory.within(tx), sms, only.state ?? "accepted", only.failure);
  await workOn(tx, id);
  return NONE;
}

async function submittedSms(
  tx: Transaction,
  dependencies: SmsDependencies,
  id: string,
  ref: string,
  submitted: Submitted,
): Promise<void> {
  const sms = await lockSms(tx, id);
  if (sms === null) return;
  if (submitted.is === "accepted") await bindSid(tx, ref, submitted.sid);
  const next = afterAttempt(sms.state, submitted);
  if (next === sms.state) return workOn(tx, id);
  const at = dependencies.now().getTime();
  const directory = await dependencies.directory.within(tx);
  switch (submitted.is) {
    case "refused":
      return moveTo(tx, directory, sms, next, { reason: submitted.reason });
    case "later": {
      const notBefore = new Date(at + retryIn(sms.tries, submitted.retryAfter, Math.random()));
      await moveTo(tx, directory, sms, next, { notBefore });
      return workOn(tx, id, notBefore);
    }
    case "accepted":
    case "unknown":
    case "shown":
      await moveTo(tx, directory, sms, next);
      return workOn(tx, id);
    default:
      return submitted satisfies never;
  }
}

async function lookedFor(
  tx: Transaction,
  dependencies: SmsDependencies,
  id: string,
  attempt: SmsAttempt,
  found: readonly ProviderSms[] | null,
): Promise<void> {
  const sms = await lockSms(tx, id);
  // A report came meanwhile.
  if (sms?.state !== "unknown") return;
  const directory = await dependencies.directory.within(tx);
  const only = found === null ? "none" : await whichOf(tx, sms, found);
  if (only !== "none" && only !== "several") {
    await bindSid(tx, attempt.ref, only.sid);
    await report(tx, directory, sms, only.state ?? "accepted", only.failure);
    return workOn(tx, id);
  }
  const { grace } = dependencies.smsSettings;
  const [at, until] = [dependencies.now().getTime(), attempt.startedAt.getTime() + grace];
  if (at >= until)
    return moveTo(tx, directory, sms, "review", { attempt: attempt.ref, several: only === "several" });
  return workOn(tx, id, new Date(Math.min(until, at + Math.min(BETWEEN_SEARCHES, grace / 5))));
}

async function asked(
  tx: Transaction,
  dependencies: SmsDependencies,
  id: string,
  attempt: SmsAttempt,
  said: ProviderSms | null,
): Promise<void> {
  const sms = await lockSms(tx, id);
  if (sms === null || isFinal(sms.state)) return;
  if (said !== null) await report(tx, await dependencies.directory.within(tx), sms, said.state, said.failure);
  if (attempt.age > ASKED_FOR) return;
  // Twice as long each time, for as long as it is asked about.
  const waited = dependencies.now().getTime() - sms.stateAt.getTime();
  await workOn(
    tx,
    id,
    new Date(dependencies.now().getTime() + Math.max(waited, dependencies.smsSettings.askAfter)),
  );
}
