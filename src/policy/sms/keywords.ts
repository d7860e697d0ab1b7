/**
 * What a reply by SMS asks for. The words are those that carriers and Twilio act on (Twilio, "Default SMS opt-out
 * handling"): only if they are the whole message.
 */
const STOP: ReadonlySet<string> = new Set([
  "stop",
  "stopall",
  "stop all",
  "unsubscribe",
  "optout",
  "opt out",
  "revoke",
  "cancel",
  "end",
  "quit",
]);
const START: ReadonlySet<string> = new Set(["start", "unstop"]);

/** @param optedOut "Yes" is an answer like any other, except from someone who had said STOP. */
export function keywordIn(text: string, optedOut: boolean): "stop" | "start" | null {
  const word = text
    .slice(0, 40)
    .toLowerCase()
    .replace(/[^a-z ]/g, "")
    .trim();
  if (text.length > 40) return null;
  if (STOP.has(word)) return "stop";
  return START.has(word) || (optedOut && word === "yes") ? "start" : null;
}
