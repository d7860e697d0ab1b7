const LONGEST = 254;
const LONGEST_LOCAL_PART = 64;
const LONGEST_LABEL = 63;

/** RFC 5322 "atext" and any letter of RFC 6531: nothing that could end a header or an address. */
const ATOMS = /^[\p{L}\p{M}\p{N}!#$%&'*+\-/=?^_`{|}~]+(?:\.[\p{L}\p{M}\p{N}!#$%&'*+\-/=?^_`{|}~]+)*$/u;
const LABEL = /^[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}-]*[\p{L}\p{M}\p{N}])?$/u;

/**
 * An email address that can receive mail: RFC 5322 without quoted local parts and address literals, with letters of
 * any script (RFC 6531). Linear in the length of the text.
 */
export function isEmail(text: string): boolean {
  const at = text.lastIndexOf("@");
  const local = text.slice(0, at);
  const labels = text.slice(at + 1).split(".");
  return (
    at > 0 &&
    text.length <= LONGEST &&
    local.length <= LONGEST_LOCAL_PART &&
    ATOMS.test(local) &&
    labels.length > 1 &&
    labels.every((label) => label.length <= LONGEST_LABEL && LABEL.test(label)) &&
    !/^\p{N}+$/u.test(labels.at(-1) ?? "")
  );
}
