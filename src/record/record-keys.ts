import { createPrivateKey, createPublicKey, createSecretKey, hkdfSync, type KeyObject } from "node:crypto";

/** One key of the key file, as what it is used for. Printed, it shows its id and nothing of the secret. */
export interface RecordKey {
  readonly id: string;
  /** AES-256: wraps the entries' data keys. */
  readonly wrapping: KeyObject;
  /** Ed25519: signs checkpoints. */
  readonly signing: KeyObject;
  /** What checks the signatures, 32 bytes in base64. No secret; it also tells two secrets with one id apart. */
  readonly publicKey: string;
}

/** The keys of a practice's record. New entries use the newest; the others open what was written with them. */
export interface RecordKeys {
  readonly newest: RecordKey;
  readonly byId: ReadonlyMap<string, RecordKey>;
}

/** A key file that cannot be used, with what to do. It quotes nothing of the file. */
export class UnusableKeyFile extends Error {
  override readonly name = "UnusableKeyFile";
}

const LINE = /^([A-Za-z0-9._-]{1,64}) +([0-9a-f]{64})$/;

/**
 * Reads a key file: a key a line, its id and 32 bytes in hexadecimal, the newest last. Blank lines and lines that begin
 * with # do not count.
 * @throws UnusableKeyFile
 */
export function parseKeys(text: string): RecordKeys {
  const byId = new Map<string, RecordKey>();
  let newest: RecordKey | undefined;
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    const [, id = "", secret] = LINE.exec(line) ?? [];
    if (secret === undefined)
      throw new UnusableKeyFile(`line ${index + 1} is not a key: an id and 64 hexadecimal digits`);
    if (byId.has(id)) throw new UnusableKeyFile(`line ${index + 1} has the id of an earlier line`);
    newest = keyOf(id, Buffer.from(secret, "hex"));
    byId.set(id, newest);
  }
  if (newest === undefined) throw new UnusableKeyFile("it holds no key");
  return { newest, byId };
}

/** The line of a new key. */
export const keyLine = (id: string, secret: Buffer): string => `${id} ${secret.toString("hex")}\n`;

/** PKCS #8 for a raw Ed25519 key (RFC 8410, section 7): everything before the key itself. */
const PKCS8_ED25519 = Buffer.from("302e020100300506032b657004220420", "hex");

function keyOf(id: string, secret: Buffer): RecordKey {
  // One secret to keep, two keys: each use has its own, derived by HKDF (RFC 5869).
  const derived = (use: string) => Buffer.from(hkdfSync("sha256", secret, "", `whisper record ${use}`, 32));
  const signing = createPrivateKey({
    key: Buffer.concat([PKCS8_ED25519, derived("signing")]),
    format: "der",
    type: "pkcs8",
  });
  const { x = "" } = createPublicKey(signing).export({ format: "jwk" });
  return {
    id,
    wrapping: createSecretKey(derived("wrapping")),
    signing,
    publicKey: Buffer.from(x, "base64url").toString("base64"),
  };
}
