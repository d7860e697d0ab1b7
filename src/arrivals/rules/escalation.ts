/** Who is asked next when nobody answers. Plain data in, plain data out. */

import type { Directory, Username } from "../../policy/model.ts";
import {
  type Arrival,
  type Escalation,
  type EscalationKind,
  isAnswered,
  locationOf,
  type Notice,
  noticeToRecipient,
  responsibleNotices,
} from "./arrival.ts";
import type { ArrivalChange, ArrivalEffect } from "./arrival-change.ts";
import { ruleAt, targetOf } from "./configured-people.ts";
import { noticeToPost } from "./give-notices.ts";

/** Who is told when nobody answers, at one location, or (if none is given) at all others. */
export interface EscalationRule {
  readonly location?: string | undefined;
  /** Milliseconds from one step to the next. */
  readonly after: number;
  readonly backup?: string | undefined;
  readonly reception?: string | undefined;
}

/** The rule for the arrival's location, otherwise the one without a location; null: nobody is asked. */
export function ruleFor(rules: readonly EscalationRule[], arrival: Arrival): EscalationRule | null {
  return ruleAt(rules, locationOf(arrival));
}

/** The steps of a rule, one each time its `after` has passed. */
export const stepsOf = (rule: EscalationRule): EscalationKind[] => [
  "nudge",
  ...(rule.backup === undefined ? [] : (["backup"] as const)),
  ...(rule.reception === undefined ? [] : (["reception"] as const)),
  "nobody",
];

/**
 * The first step of the rule that has not been taken; null: none is left. Another location's rule may have taken some,
 * so steps are compared by kind and not by number.
 */
function kindOfNext(rule: EscalationRule, { escalations }: Arrival): EscalationKind | null {
  const taken = new Set(escalations.map(({ kind }) => kind));
  if (taken.has("nobody")) return null;
  return stepsOf(rule).find((kind) => !taken.has(kind)) ?? null;
}

export interface NextStep {
  /** Counted from 1. */
  readonly step: number;
  readonly at: Date;
}

/** The next step if the time for an answer starts at `from`; null: none is left. */
export function nextStep(rule: EscalationRule, arrival: Arrival, from: Date): NextStep | null {
  if (kindOfNext(rule, arrival) === null) return null;
  return { step: arrival.escalations.length + 1, at: new Date(from.getTime() + rule.after) };
}

const MINUTE = 60_000;

/**
 * Until when to postpone a late step; null: it is not late. Whisper or Synapse was down then, and clicks that people
 * made meanwhile are still on their way.
 */
export const putOffUntil = (due: Date, now: Date): Date | null =>
  now.getTime() - due.getTime() > MINUTE ? new Date(now.getTime() + MINUTE) : null;

/**
 * Takes the next step. If a step can tell nobody, that is recorded and the following step is taken immediately.
 * @returns null if there is nothing to do: answered, ended, or all steps taken.
 */
export function takeEscalationStep(
  arrival: Arrival,
  rule: EscalationRule,
  directory: Directory,
  now: Date,
): ArrivalChange | null {
  const kind = kindOfNext(rule, arrival);
  if (kind === null || arrival.ended !== null || isAnswered(arrival)) return null;
  if (kind === "nobody") {
    const last = asked(withStep(arrival, { kind, label: null, told: true, at: now }), new Set());
    return withEffects(last, [{ do: "report-nobody", to: arrival.markedBy }]);
  }
  const { label, people } = peopleOf(kind, arrival, rule, directory);
  const stepped = withStep(arrival, { kind, label, told: people.length > 0, at: now });
  // The following step edits the notices, so everyone sees both at the same time.
  if (people.length === 0) return takeEscalationStep(stepped, rule, directory, now);
  return onward(kind === "nudge" ? asked(stepped, new Set(people)) : called(stepped, kind, people, now), now);
}

const withStep = (arrival: Arrival, step: Escalation): Arrival => ({
  ...arrival,
  escalations: [...arrival.escalations, step],
});

/** Whom a step tells, as far as they can be told. */
function peopleOf(
  kind: "nudge" | "backup" | "reception",
  arrival: Arrival,
  rule: EscalationRule,
  directory: Directory,
): { readonly label: string | null; readonly people: readonly Username[] } {
  if (kind === "nudge") {
    const seeing = responsibleNotices(arrival).filter((notice) => notice.shown);
    return { label: null, people: seeing.map(({ username }) => username) };
  }
  const name = rule[kind] ?? "";
  const target = targetOf(directory, name);
  if (target === null || target === "several") return { label: name, people: [] };
  // Someone who only watched may have acknowledged it before. They are not told again, and do not count as told.
  const done = (username: Username) =>
    noticeToRecipient(arrival, username)?.progress.state === "acknowledged";
  return { label: target.label, people: target.people.filter((username) => !done(username)) };
}

const onward = (change: ArrivalChange, now: Date): ArrivalChange =>
  withEffects(change, [{ do: "start-clock", from: now }]);
const withEffects = (change: ArrivalChange, more: readonly ArrivalEffect[]): ArrivalChange => ({
  ...change,
  effects: [...change.effects, ...more],
});

/** Shows the step on everyone's notice. `again`: the people to ask again. */
function asked(arrival: Arrival, again: ReadonlySet<Username>): ArrivalChange {
  const effects: ArrivalEffect[] = [];
  const notices = arrival.notices.map((notice): Notice => {
    if (!notice.shown) return notice;
    effects.push({ do: "edit", username: notice.username });
    const nudged = again.has(notice.username);
    if (nudged) effects.push({ do: "nudge", username: notice.username });
    return { ...notice, edits: notice.edits + 1, nudges: notice.nudges + (nudged ? 1 : 0) };
  });
  return { arrival: { ...arrival, notices }, effects };
}

/**
 * Tells more people. Anyone who already has the notice is asked again, and now answers for the arrival too. An earlier
 * reply, from before it was theirs to answer, does not count.
 */
function called(
  arrival: Arrival,
  toldAs: "backup" | "reception",
  people: readonly Username[],
  now: Date,
): ArrivalChange {
  const having = new Set(people.filter((username) => noticeToRecipient(arrival, username)?.shown));
  const before = asked(arrival, having);
  const posts: ArrivalEffect[] = [];
  const fresh = (username: Username, known?: Notice): Notice => {
    posts.push({ do: "post", username });
    return { ...noticeToPost(username, now, known), toldAs, shown: true };
  };
  const notices = before.arrival.notices.map((notice): Notice => {
    if (!people.includes(notice.username)) return notice;
    return having.has(notice.username)
      ? { ...notice, toldAs, progress: { state: "waiting" } }
      : fresh(notice.username, notice);
  });
  const added = people
    .filter((username) => noticeToRecipient(arrival, username) === undefined)
    .map((username) => fresh(username));
  return {
    arrival: { ...before.arrival, notices: [...notices, ...added] },
    effects: [...before.effects, ...posts],
  };
}
