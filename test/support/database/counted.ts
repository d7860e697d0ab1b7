import type { Database, Queryable, Transaction } from "../../../src/store/database.ts";

export interface Counted {
  readonly database: Database;
  /** The statements that were run, without those that begin and end transactions. */
  readonly statements: string[];
  transactions: number;
}

/** For the database, the process has ended. */
export class Ended extends Error {}

/**
 * Records every statement to the database: what something costs, however busy the machine is.
 * @param last after this many statements the process ends.
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
