import { Away } from "../../base/away.ts";
import type { UserId } from "../../policy/model.ts";

/** A call to the client-server or admin API. Paths are absolute and already percent-encoded. */
export interface HomeserverCall {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  readonly path: string;
  /** Masquerade as this user (application service API, "Identity assertion"); by default the bot. */
  readonly as?: UserId;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Milliseconds before the call is abandoned and counts as "away"; by default 60 s. */
  readonly timeout?: number;
}

/** The homeserver, as the application service reaches it. */
export interface Homeserver {
  /**
   * @returns the JSON body of a 2xx answer.
   * @throws MatrixRefused if the homeserver refused; HomeserverAway if it gave no answer.
   */
  call<T = unknown>(call: HomeserverCall): Promise<T>;
}

/** A homeserver and the library's timers behind it. */
export interface HomeserverConnection extends Homeserver {
  /** Releases everything that would keep the process alive. */
  close(): Promise<void>;
}

/** The homeserver understood the call and refused it: repeating it unchanged gives the same answer. */
export class MatrixRefused extends Error {
  override readonly name = "MatrixRefused";
  readonly status: number;
  readonly errcode: string;
  /** The homeserver's words, or Whisper's own refusal that it passed on. They name people, so they are never logged. */
  readonly sentence: string;

  constructor(call: HomeserverCall, status: number, errcode: string, error: string) {
    super(`${call.method} ${patternOf(call.path)} was refused: ${status} ${errcode}`);
    this.status = status;
    this.errcode = errcode;
    this.sentence = error;
  }
}

/**
 * Why a call got no usable answer. Only `away` means that the homeserver may have been stopped, and so may have lost
 * what it was going to send us:
 * - `throttled`: it answered that there were too many requests (429).
 * - `slow`: it accepted the connection and did not answer in time.
 * - `failing`: it answered with an error of its own, or with something that is not Matrix.
 * - `away`: the connection was refused or broke, or a proxy says that nobody is there (502, 503).
 */
export type NoAnswer = "throttled" | "slow" | "failing" | "away";

/** How a call ended. */
export type CallOutcome = "ok" | "refused" | NoAnswer;

/** Unreachable, overloaded or failing: nobody knows whether the call took effect, and it may work later. */
export class HomeserverAway extends Away {
  override readonly name = "HomeserverAway";
  readonly why: NoAnswer;
  /** Milliseconds that the homeserver asked us to wait, if it did. */
  readonly retryAfter: number | undefined;

  constructor(call: HomeserverCall, cause: unknown, why: NoAnswer = "away", retryAfter?: number) {
    super(`${call.method} ${patternOf(call.path)} got no answer`, { cause });
    this.why = why;
    this.retryAfter = retryAfter;
  }
}

/** Shown for a path that no template made. */
const OTHER = "other";

interface Template {
  /** As in the source, with `:id` for each part: for logs and metrics. */
  readonly shown: string;
  readonly steps: readonly string[];
}

/** Keyed by their place in the source, so there are only as many as there are calls in Whisper's code. */
const templates = new Map<TemplateStringsArray, Template>();

/**
 * The template that made the path, for logs and metrics. It contains nothing that anyone named, and there are no more
 * templates than calls in the source.
 */
export function patternOf(path: string): string {
  const asked = path.split("/");
  for (const { shown, steps } of templates.values()) {
    if (steps.length === asked.length && steps.every((step, at) => step === PART || step === asked[at]))
      return shown;
  }
  return OTHER;
}

/** A path from its parts, each percent-encoded: path`/rooms/${roomId}/kick`. Every path is written this way. */
export function path(strings: TemplateStringsArray, ...parts: readonly string[]): string {
  if (!templates.has(strings)) templates.set(strings, templateOf(strings));
  return strings.reduce((whole, text, index) => whole + encodeURIComponent(parts[index - 1] ?? "") + text);
}

const PART = ":id";
/** Each part is one step of the path. It may be empty and is never more than one step: `/` in it is encoded. */
function templateOf(strings: readonly string[]): Template {
  const shown = strings.join(PART);
  return { shown, steps: shown.split("/") };
}
