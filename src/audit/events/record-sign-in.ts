import type { UserId } from "../../policy/model.ts";
import { actingAs, happening } from "../../record/acting.ts";
import type { Recorder } from "../../record/recorder.ts";
import type { Database } from "../../store/database.ts";

/**
 * Puts a sign-in into the record. Nobody waits for it: while the database is away, people still sign in.
 * @param from what Synapse says of the device, the program and the address.
 */
export const recordSignIn = (
  database: Database,
  record: Recorder,
  user: UserId,
  { device_id, initial_display_name, request_info }: Readonly<Record<string, unknown>>,
): Promise<void> =>
  database.transaction((tx) =>
    actingAs(record, { is: "account", user }).write(tx, [
      happening("sign_in", null, { device_id, initial_display_name, request_info }),
    ]),
  );
