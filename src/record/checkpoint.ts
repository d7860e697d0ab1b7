import { createPublicKey, sign, verify } from "node:crypto";
import { z } from "zod";
import type { Link } from "./canonical.ts";
import type { RecordKey } from "./record-keys.ts";

/** A signed statement of how the chain stood: up to this entry, with this hash, at this time. */
export interface Checkpoint extends Pick<Link, "seq" | "hash"> {
  readonly at: Date;
  readonly keyId: string;
  /** Ed25519 (RFC 8032), in base64. */
  readonly signature: string;
}

const signedBytes = ({ seq, hash, at, keyId }: Omit<Checkpoint, "signature">): Buffer =>
  Buffer.from(JSON.stringify(["whisper record checkpoint 1", String(seq), hash, at.toISOString(), keyId]));

export function signCheckpoint(
  key: RecordKey,
  { seq, hash }: Pick<Link, "seq" | "hash">,
  at: Date,
): Checkpoint {
  const checkpoint = { seq, hash, at, keyId: key.id };
  return { ...checkpoint, signature: sign(null, signedBytes(checkpoint), key.signing).toString("base64") };
}

/** @param publicKey 32 bytes in base64. */
export function isSignedBy(publicKey: string, checkpoint: Checkpoint): boolean {
  const x = Buffer.from(publicKey, "base64").toString("base64url");
  const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  return verify(null, signedBytes(checkpoint), key, Buffer.from(checkpoint.signature, "base64"));
}

const written = z.object({
  seq: z.int().positive(),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  at: z.iso.datetime(),
  key: z.string().max(64),
  signature: z.string().max(100),
});

/** A checkpoint as one line of JSON: in the anchor. */
export const checkpointLine = ({ seq, hash, at, keyId, signature }: Checkpoint): string =>
  `${JSON.stringify({ seq, hash, at: at.toISOString(), key: keyId, signature })}\n`;

/** Null: the line is no checkpoint. */
export function parseCheckpoint(line: string): Checkpoint | null {
  try {
    const { key, at, ...rest } = written.parse(JSON.parse(line));
    return { ...rest, at: new Date(at), keyId: key };
  } catch {
    return null;
  }
}

/** So many entries without a checkpoint are signed at once. */
const MOST_UNSIGNED = 1_000;
/** Milliseconds between two checkpoints otherwise. After a quiet time, the first entry is signed at once. */
const BETWEEN = 60_000;

type Signed = Pick<Checkpoint, "seq" | "at">;

/** Is it time to sign the chain's end? */
export function isCheckpointDue({ seq }: Pick<Link, "seq">, last: Signed | null, now: Date): boolean {
  const unsigned = seq - (last?.seq ?? 0);
  if (unsigned <= 0) return false;
  return unsigned >= MOST_UNSIGNED || last === null || now.getTime() - last.at.getTime() >= BETWEEN;
}

/**
 * Are checkpoints missing at the chain's end? A sealer that follows `isCheckpointDue` never leaves so much unsigned.
 * @param recordedAt when the chain's last entry was recorded.
 */
export function isTailTooLong({ seq }: Pick<Link, "seq">, last: Signed | null, recordedAt: Date): boolean {
  if (last === null) return seq > 0;
  // Twice, since an entry may be recorded while others are being sealed.
  const isLate = recordedAt.getTime() - last.at.getTime() > 2 * BETWEEN;
  return seq > last.seq && (seq - last.seq > 2 * MOST_UNSIGNED || isLate);
}
