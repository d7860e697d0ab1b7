import type { Username } from "../policy/model.ts";
import type { Transaction } from "../store/database.ts";
import { addSignals } from "./record.ts";

/** A person opened a patient's link: their desktop opens the record (docs/product-text.md, "Link to a Patient"). */
export const signalPatientOpen = (tx: Transaction, username: Username, patient: string): Promise<void> =>
  addSignals(tx, [{ kind: "patient_open", username, content: { patient } }]);
