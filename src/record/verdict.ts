/** What can be wrong with a record. */
export const BREAKS = [
  /** The entry, or its place, is not as it was sealed; or the entries before it are not. */
  "changed",
  /** The entry is gone, or its place is. */
  "deleted",
  /** An entry that was never sealed, nor waits for it. */
  "inserted",
  /** The chain ends before a checkpoint that was signed. */
  "cut",
  /** The chain is another one than the checkpoint was signed for: everything up to it was replaced or rewritten. */
  "replaced",
  /** The checkpoint is not signed by the key that it names. */
  "forged",
  /** From here on, checkpoints are missing. */
  "unsigned",
] as const;

/** The first entry that is not as it should be. */
export interface Break {
  readonly problem: (typeof BREAKS)[number];
  /** Its place; null: it has none. */
  readonly seq: number | null;
  /** What it is of; null: nobody can know any more. */
  readonly ref: string | null;
}

export interface Verdict {
  /** Entries in the chain, as far as it was checked. */
  readonly entries: number;
  /** Null: the record is whole. */
  readonly firstBroken: Break | null;
}
