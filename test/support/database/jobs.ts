/** The job runner on its own database, with the tasks that a test gives. */
import pino from "pino";
import { type JobRunner, startJobs, type TaskList } from "../../../src/jobs/runner.ts";
import { type Database, openDatabase } from "../../../src/store/database.ts";

import { migrate } from "../../../src/store/migrate.ts";
import { emptyDatabaseUrl } from "./postgres.ts";

export type SomeTasks = Partial<TaskList>;

/** An error that means the other side is away. */
export class Away extends Error {}

export interface JobsDatabase {
  readonly url: string;
  readonly database: Database;
}

export async function jobsDatabase(): Promise<JobsDatabase> {
  const url = await emptyDatabaseUrl();
  const database = openDatabase({ url, max: 10, onBroken: () => undefined });
  await migrate(database);
  return { url, database };
}

const nothing = () => Promise.resolve();

export function runJobs(
  { url, database }: JobsDatabase,
  tasks: SomeTasks,
  onFatal = (error: Error): void => {
    throw error;
  },
): Promise<JobRunner> {
  return startJobs({
    database,
    databaseUrl: url,
    tasks: {
      inbox: nothing,
      orphan: nothing,
      outbox: nothing,
      accounts: nothing,
      room: nothing,
      rooms: nothing,
      rooms_of: nothing,
      retire: nothing,
      adopt: nothing,
      tags: nothing,
      room_audit: nothing,
      gaps: nothing,
      record_original: nothing,
      sms: nothing,
      sms_replies: nothing,
      alert_expiry: nothing,
      arrival_escalation: nothing,
      arrival_room: nothing,
      arrival_recipients: nothing,
      arrival_card: nothing,
      given_up: nothing,
      conversations: nothing,
      ...tasks,
    },
    timed: [],
    log: pino({ level: "silent" }),
    isAway: (error) => error instanceof Away,
    onFatal,
  });
}
