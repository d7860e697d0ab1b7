import type { MatrixEvent } from "../messages/event.ts";
import type { Transaction } from "../store/database.ts";
export async function rememberMedia(_tx: Transaction, _event: MatrixEvent): Promise<void> {}
