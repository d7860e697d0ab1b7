import {
  type CipherKey,
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  type KeyObject,
  randomBytes,
} from "node:crypto";
import { headBytes } from "./canonical.ts";
import type { EntryHead } from "./entry.ts";
import type { RecordKeys } from "./record-keys.ts";

/**
 * Envelope encryption: each body has a data key of its own, and the data key is wrapped by a key of the key file.
 * Rewrapping the data keys replaces a key of the file without touching an entry, and destroying one wrapped data key
 * makes one body unreadable for good.
 */
export interface SealedBody {
  readonly body: Buffer;
  readonly wrapped: WrappedKey;
}

export interface WrappedKey {
  readonly keyId: string;
  readonly wrapped: Buffer;
}

/** A body or data key that does not open: it was changed, belongs to another entry, or its key is another one. */
export class DoesNotOpen extends Error {
  override readonly name = "DoesNotOpen";
}

export function sealBody(keys: RecordKeys, head: EntryHead, body: object): SealedBody {
  const dataKey = randomBytes(32);
  const sealed = encrypt(dataKey, headBytes(head), Buffer.from(JSON.stringify(body)));
  return { body: sealed, wrapped: wrap(keys, head.ref, dataKey) };
}

/** @throws DoesNotOpen */
export function openBody(
  keys: RecordKeys,
  head: EntryHead,
  { body, wrapped }: SealedBody,
): Record<string, unknown> {
  const dataKey = createSecretKey(unwrap(keys, head.ref, wrapped));
  return JSON.parse(decrypt(dataKey, headBytes(head), body).toString()) as Record<string, unknown>;
}

/** The same data key, wrapped by the newest key. @throws DoesNotOpen */
export const rewrap = (keys: RecordKeys, ref: string, wrapped: WrappedKey): WrappedKey =>
  wrap(keys, ref, unwrap(keys, ref, wrapped));

const wrap = ({ newest }: RecordKeys, ref: string, dataKey: Buffer): WrappedKey => ({
  keyId: newest.id,
  wrapped: encrypt(newest.wrapping, Buffer.from(ref), dataKey),
});

function unwrap({ byId }: RecordKeys, ref: string, { keyId, wrapped }: WrappedKey): Buffer {
  const key = byId.get(keyId);
  if (key === undefined) throw new DoesNotOpen("the key file does not hold the key of this entry");
  return decrypt(key.wrapping, Buffer.from(ref), wrapped);
}

const CIPHER = "aes-256-gcm";
const NONCE = 12;
const TAG = 16;

/** AES-256-GCM (NIST SP 800-38D): nonce, ciphertext, tag. `bound` is authenticated, and not stored. */
function encrypt(key: CipherKey, bound: Buffer, plain: Buffer): Buffer {
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG }).setAAD(bound);
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function decrypt(key: KeyObject, bound: Buffer, sealed: Buffer): Buffer {
  if (sealed.length < NONCE + TAG) throw new DoesNotOpen("it is too short");
  const decipher = createDecipheriv(CIPHER, key, sealed.subarray(0, NONCE), { authTagLength: TAG })
    .setAAD(bound)
    .setAuthTag(sealed.subarray(-TAG));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(NONCE, -TAG)), decipher.final()]);
  } catch (error) {
    throw new DoesNotOpen("it was changed, or belongs elsewhere", { cause: error });
  }
}
