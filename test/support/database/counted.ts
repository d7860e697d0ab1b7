import type { Database, Queryable, Transaction } from "../../../src/store/database.ts";

export interface Counted {
  readonly database: Database;
  /** Statements that went through it, those that begin and end transactions left out. */
  readonly statements: string[];
  transactions: number;
}

/** The process ends, as far as the database can tell. */
export class Ended extends Error {}

/**
 * The database, with every statement written down: what something costs, whatever the machine does meanwhile.
 * @param last the process ends after this many.
 */
export function counted(database: Database, last = Number.POSITIVE_INFINITY): Counted {
  const statements: string[] = [];
  const noting = (db: Queryable): Queryable["query"] => {
    return (text, values) => {
      if (statements.length >= last) return Promise.reject(new Ended());
      statements.push(text);
      return db.query(text, values);
    };
  };
  const result: Counted = {
    statements,
    transactions: 0,
    database: {
      ...database,
      query: noting(database),
      transaction(work) {
        result.transactions++;
        return database.transaction((tx: Transaction) => work({ ...tx, query: noting(tx) }));
      },
    },
  };
  return result;
}
