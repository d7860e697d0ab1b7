/** Server-sent events (HTML standard, "Server-sent events"). */

/** How far a listener has got: it sends the last one back as `Last-Event-ID`. */
export interface Position {
  /** Of the look that found the signal (record.ts). */
  readonly horizon: string;
  /** The signal; `0`: before any. */
  readonly id: string;
  readonly at: Date;
}

export const positionText = ({ horizon, id, at }: Position): string =>
  `${horizon}.${id}.${Math.floor(at.getTime() / 1_000)}`;

/** Null: it is none of ours. */
export function readPosition(text: string): Position | null {
  const [, horizon, id, seconds] = /^(\d{1,19})\.(\d{1,18})\.(\d{1,11})$/.exec(text) ?? [];
  if (horizon === undefined || id === undefined || seconds === undefined) return null;
  return { horizon, id, at: new Date(Number(seconds) * 1_000) };
}

/** Why a stream ends. The listener comes back, and catches up. */
export type EndReason = "too_slow" | "keys_changed" | "restart" | "failed";

/** The last thing that a listener hears. It has no position. */
export const goodbye = (reason: EndReason): string => frame("end", { reason }, null);

export const frame = (event: string, data: object, position: Position | null): string =>
  `${position === null ? "" : `id: ${positionText(position)}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

/**
 * A comment, by which both sides and whatever is between them notice a connection that has died. Its position is kept by
 * the listener like an event's, so that someone to whom nothing happens need not catch up on everyone else's day.
 */
export const heartbeat = (position: Position | null): string =>
  `${position === null ? "" : `id: ${positionText(position)}\n`}: still here\n\n`;
/** The first line: how soon a listener comes back, in milliseconds. */
export const RETRY = "retry: 2000\n\n";
