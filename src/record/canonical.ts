import { createHash } from "node:crypto";
import type { EntryHead } from "./entry.ts";

/**
 * The bytes that stand for an entry, and the chain over them. They never change: what was sealed with them is checked
 * with them. A JSON list of texts and nulls is unambiguous, and other programs can make it as well.
 */

/** An entry as it is stored. */
export interface StoredEntry extends EntryHead {
  /** The database's number for it. */
  readonly id: string;
  readonly recordedAt: Date;
  /** SHA-256 of the encrypted body, in hexadecimal. The chain holds although the body's key is destroyed. */
  readonly bodyDigest: string;
}

/** Where an entry stands in the chain. Numbers begin with 1 and have no gap. */
export interface Link {
  readonly seq: number;
  /** SHA-256 in hexadecimal. */
  readonly previous: string;
  readonly hash: string;
}

/** What comes before the first entry. */
export const BEGINNING: Pick<Link, "seq" | "hash"> = { seq: 0, hash: "0".repeat(64) };

const headFields = (head: EntryHead) => [
  head.ref,
  head.type,
  head.at.toISOString(),
  head.actor,
  head.onBehalfOf,
  head.room,
  head.about,
];

/** What the encryption of a body is bound to: moved to another entry, it cannot be opened. */
export const headBytes = (head: EntryHead): Buffer =>
  Buffer.from(JSON.stringify(["whisper record head 1", ...headFields(head)]));

/** The link of the entry that follows `last`. */
export function nextLink(last: Pick<Link, "seq" | "hash">, entry: StoredEntry): Link {
  const seq = last.seq + 1;
  const canonical = [
    "whisper record entry 1",
    String(seq),
    last.hash,
    entry.id,
    ...headFields(entry),
    entry.recordedAt.toISOString(),
    entry.bodyDigest,
  ];
  const hash = createHash("sha256").update(JSON.stringify(canonical)).digest("hex");
  return { seq, previous: last.hash, hash };
}
