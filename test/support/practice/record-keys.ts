import { keyLine, parseKeys } from "../../../src/record/record-keys.ts";

/** The keys of a test practice's record. */
export const RECORD_KEYS = parseKeys(keyLine("first", Buffer.alloc(32, 1)));
