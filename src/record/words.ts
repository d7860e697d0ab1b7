/** What is said about the record and its keys, to those who run Whisper. */
import { sentence } from "../base/shown-name.ts";
import type { Verdict } from "./verdict.ts";

// The key file
export const noKeyFile = (path: string) =>
  sentence`The record's key file ${path} (audit.keys) cannot be read. Put it back from your backup; if the practice is new, make it with \`whisper audit keys create\`.`;
export const badKeyFile = (path: string, why: string) =>
  sentence`The record's key file ${path} (audit.keys) is damaged: ${why}. Put it back from your backup.`;
export const keyMissing = (path: string, id: string) =>
  sentence`The record's key file ${path} (audit.keys) lacks the key ${id}, with which entries were written. Put the file back from your backup; if that key is lost for good, \`whisper audit keys give-up ${id}\` goes on without what it protects.`;
export const otherKey = (path: string, id: string) =>
  sentence`The record's key file ${path} (audit.keys) has another key ${id} than the one with which entries were written. Put the right file back from your backup.`;
export const keyIdTaken = (path: string) =>
  sentence`${path} got a key a moment ago. Wait a second and try again.`;
export const keysCreated = (path: string) =>
  sentence`Made ${path}. Keep a copy apart from the database's backups: without it, the record cannot be read.`;
export const keysKept = (path: string) =>
  sentence`${path} is there already, and was left as it is. \`whisper audit keys rotate\` adds a key.`;
export const keyAdded = (id: string) =>
  sentence`Added the key ${id}. Keep a new copy of the file, then restart Whisper: new entries use it from then on.`;
export const rewrapped = (done: number) =>
  sentence`The newest key now protects all entries: ${done} were still under an older one. Keep the older keys in the file, since they check older checkpoints.`;
export const keyNeverUsed = (id: string) => sentence`The record never used a key ${id}.`;
export const keyNotLost = (path: string, id: string) =>
  sentence`The key ${id} is in ${path}, so it is not lost. Only a lost key is given up.`;
export const keyGivenUp = (id: string) =>
  sentence`Whisper now starts without the key ${id}. What it protects cannot be read unless the key is found again; then put it back into the file.`;

// What `whisper audit verify` prints
export const noAnchor =
  "Without audit.anchor or --anchor, nobody can tell whether this is the latest copy of the database.";
export const noAnchorFile = (path: string) =>
  sentence`The anchor ${path} (audit.anchor) cannot be read, so nobody can tell whether this is the latest copy of the database. Make it readable; Whisper writes it with the first entry.`;
const count = (entries: number): string => (entries === 1 ? "1 entry" : sentence`${entries} entries`);
export function verdict({ entries, firstBroken }: Verdict): string {
  if (firstBroken === null) return sentence`The record is whole: ${count(entries)}.`;
  const { problem, seq, ref } = firstBroken;
  const entry = seq === null ? "An entry" : sentence`Entry ${seq}`;
  const named = ref === null ? entry : sentence`${entry} (${ref})`;
  const before =
    entries === 0 ? "" : sentence` ${count(entries)} before it ${entries === 1 ? "is" : "are"} as recorded.`;
  switch (problem) {
    case "changed":
      return sentence`${named} is not as it was recorded.${before}`;
    case "deleted":
      return sentence`${named} was deleted.${before}`;
    case "inserted":
      return sentence`${named} was put in without Whisper.`;
    case "cut":
      return sentence`${named} and everything after it is missing: the end was cut off, or the database is an older copy.`;
    case "replaced":
      return sentence`${named} is not what Whisper signed: the record up to it was rewritten, or the database is an older copy that went on.`;
    case "forged":
      return sentence`The checkpoint at ${named} was not signed with the practice's key.`;
    case "unsigned":
      return sentence`From ${named} on, the checkpoints are missing: it may have been rewritten.`;
    default:
      return problem satisfies never;
  }
}
