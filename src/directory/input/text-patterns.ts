/**
 * What a text may be, as patterns for the API's description: exactly what text-schema.ts accepts, in terms that every
 * generator and validator understands. So no `\s`, which each language defines differently, and no `\p{…}`, which
 * Python does not know. Whisper itself matches none of these.
 */

/** What `trimmed` removes. */
const BLANK =
  "\\t-\\r \\u00a0\\u00ad\\u1680\\u180e\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u2069\\u3000\\ufeff";
const NOT_ON_A_LINE = "\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029";
/**
 * Where `tidyName` finds nothing visible. Marks without a letter are invisible too: only their longest ranges are here.
 */
const UNSEEN =
  "\\u0001-\\u0020\\u007f-\\u00a0\\u00ad\\u0300-\\u036f\\u061c\\u115f\\u1160\\u1680\\u17b4\\u17b5\\u180b-\\u180f" +
  "\\u1dc0-\\u1dff\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u206f\\u2800\\u3000\\u3164\\ufdd0-\\ufdef\\ufe00-\\ufe0f" +
  "\\ufe20-\\ufe2f\\ufeff\\uffa0\\ufff0-\\ufffb\\ufffe\\uffff";
const ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
const LABEL = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?";

/** Any text; no text may contain NUL. */
export const ANY_TEXT = "^[^\\u0000]*$";
export const BLANK_TEXT = `^[${BLANK}]*$`;
export const FILLED_TEXT = `^[${BLANK}]*[^\\u0000${BLANK}][^\\u0000]*$`;
export const LINE = `^[${BLANK}]*[^${NOT_ON_A_LINE}]*[${BLANK}]*$`;
export const FILLED_LINE = `^[${BLANK}]*[^${NOT_ON_A_LINE}${BLANK}][^${NOT_ON_A_LINE}]*[${BLANK}]*$`;
export const VISIBLE_NAME = `^[${UNSEEN}]*[^\\u0000${UNSEEN}][^\\u0000]*$`;
/** Addresses in Latin letters; others are accepted too. */
export const EMAIL_OR_BLANK = `^([${BLANK}]*|${ATOM}(\\.${ATOM})*@(${LABEL}\\.)+[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)$`;
