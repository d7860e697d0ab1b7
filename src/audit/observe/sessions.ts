import { sendToAdminRoom } from "../../conversations/record/admin-room.ts";
import { sendToControlRoom } from "../../conversations/record/control-room.ts";
import type { Directory, PracticeSettings, Username } from "../../policy/model.ts";
import { userIdOf } from "../../policy/names/names.ts";
import { usernameAsKnown } from "../../policy/names/spelling.ts";
import { hasAccess } from "../../policy/people/permissions.ts";
import type { Recorder } from "../../record/recorder.ts";
import { type Database, onlyRow, type Queryable, type Transaction } from "../../store/database.ts";
import * as words from "./words.ts";

/** Someone reads another's conversations. */
export interface Observation {
  readonly actor: Username;
  readonly target: Username;
  /** Where the request came from. */
  readonly address: string;
  readonly reason: string | null;
}

export interface SessionDependencies {
  readonly directory: Directory;
  readonly settings: PracticeSettings;
  readonly record: Recorder;
  /** Who is told when someone begins to observe, besides the administrators (`audit.observe.notify`). */
  readonly notify: readonly Username[];
}

/** Minutes after the last sign of the observer at which a session has ended: then it ended at that last sign. */
const QUIET = "5 minutes";

/**
 * Notes that someone observes, and tells the administrators when they begin. Requests that follow each other belong to
 * one session.
 * @returns the session's id.
 */
export async function noteObservation(
  tx: Transaction,
  dependencies: SessionDependencies,
  { actor, target, address, reason }: Observation,
): Promise<string> {
  await endSessions(tx, dependencies, { actor, target });
  const { id, begun } = onlyRow(
    await tx.query<{ id: string; begun: boolean }>(
      `INSERT INTO observe_sessions AS known (actor, target, address, reason) VALUES ($1, $2, $3, $4)
       ON CONFLICT (actor, target) WHERE ended_at IS NULL DO UPDATE SET last_at = clock_timestamp()
       RETURNING id, xmax = 0 AS begun`,
      [actor, target, address, reason],
    ),
  );
  if (begun) await tellOthers(tx, dependencies, { id, actor, target, reason });
  return id;
}

/** Tells the administrators, and those whom the configuration names, each in their chat with Whisper. */
async function tellOthers(
  tx: Transaction,
  { directory, notify }: SessionDependencies,
  { id, actor, target, reason }: Omit<Observation, "address"> & { readonly id: string },
): Promise<void> {
  const text = words.begun(nameOf(directory, actor), nameOf(directory, target), reason);
  await sendToAdminRoom(tx, `observe:${id}`, text);
  for (const name of notify) {
    const username = usernameAsKnown(directory, name);
    if (hasAccess(directory, username))
      await sendToControlRoom(tx, username, `observe:${id}:${username}`, text);
  }
}

/** The observer is still there. */
export async function keepSession(db: Queryable, id: string): Promise<void> {
  await db.query("UPDATE observe_sessions SET last_at = now() WHERE id = $1 AND ended_at IS NULL", [id]);
}

/** The timed job `observe_sessions`: ends those whose observer has gone, and tells the administrators. */
export const endQuietSessions = (
  database: Database,
  dependencies: Omit<SessionDependencies, "notify">,
): Promise<void> => database.transaction((tx) => endSessions(tx, dependencies, null));

interface EndedRow {
  readonly id: string;
  readonly actor: Username;
  readonly target: Username;
  readonly ended_at: Date;
  readonly minutes: number;
}

async function endSessions(
  tx: Transaction,
  { directory, settings, record }: Omit<SessionDependencies, "notify">,
  of: { readonly actor: Username; readonly target: Username } | null,
): Promise<void> {
  const ended = await tx.query<EndedRow & Record<string, unknown>>(
    `UPDATE observe_sessions SET ended_at = last_at
     WHERE ended_at IS NULL AND last_at < now() - interval '${QUIET}' AND ($1::text IS NULL OR (actor = $1 AND target = $2))
     RETURNING id, actor, target, ended_at, ceil(extract(epoch FROM last_at - started_at) / 60)::int AS minutes`,
    [of?.actor ?? null, of?.target ?? null],
  );
  await record.write(
    tx,
    ended.rows.map(({ id, actor, target, ended_at }) => ({
      ref: `observe-end:${id}`,
      type: "observe",
      at: ended_at,
      actor: { is: "account", user: userIdOf(settings, actor) },
      onBehalfOf: null,
      room: null,
      about: `user:${target}`,
      body: { session: id, ended: true },
    })),
  );
  for (const { id, actor, target, minutes } of ended.rows)
    await sendToAdminRoom(
      tx,
      `observe-end:${id}`,
      words.ended(nameOf(directory, actor), nameOf(directory, target), minutes),
    );
}

const nameOf = (directory: Directory, username: Username): string =>
  directory.users.get(username)?.name ?? username;
