import { actingAs } from "../../../src/record/acting.ts";
import { keyLine, parseKeys } from "../../../src/record/record-keys.ts";
import { recorder } from "../../../src/record/recorder.ts";

/** The keys of a test practice's record. */
export const RECORD_KEYS = parseKeys(keyLine("first", Buffer.alloc(32, 1)));
export const RECORD = recorder(RECORD_KEYS);
/** For tests in which it does not matter who acts. */
export const SOMEONES_RECORD = actingAs(RECORD, { is: "operator" });
