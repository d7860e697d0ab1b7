import type { UserId } from "../../policy/model.ts";

/** A call of the client-server or admin API. Paths are absolute and already percent-encoded. */
export interface HomeserverCall {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  readonly path: string;
  /** Masquerade as this user (application service API, "Identity assertion"); the bot unless told. */
  readonly as?: UserId;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Milliseconds before the call is given up and counts as "away"; 60 s unless told. */
  readonly timeout?: number;
}

/** The homeserver, as the application service reaches it. */
export interface Homeserver {
  /**
   * @returns the JSON body of a 2xx answer.
   * @throws MatrixRefused when the homeserver said no; HomeserverAway when it did not say.
   */
  call<T = unknown>(call: HomeserverCall): Promise<T>;
}

/** A homeserver and the library's timers behind it. */
export interface HomeserverConnection extends Homeserver {
  /** Lets go of what would keep the process alive. */
  close(): Promise<void>;
}

/** The homeserver understood and said no: asking again unchanged gives the same answer. */
export class MatrixRefused extends Error {
  override readonly name = "MatrixRefused";
  readonly status: number;
  readonly errcode: string;
  /** The homeserver's words, or Whisper's own refusal that it handed on. They name people, so they go into no log. */
  readonly sentence: string;

  constructor(call: HomeserverCall, status: number, errcode: string, error: string) {
    super(`${call.method} ${patternOf(call.path)} was refused: ${status} ${errcode}`);
    this.status = status;
    this.errcode = errcode;
    this.sentence = error;
  }
}

/**
 * Why a call got no answer that counts. Only `away` says that the homeserver may have been stopped, and so may have
 * lost what it was going to send us:
 * - `throttled`: it answered that there were too many requests (429).
 * - `slow`: it took the connection and did not answer in time.
 * - `failing`: it answered, with an error of its own or with something that is not Matrix.
 * - `away`: nobody took the connection, it broke, or a proxy says that nobody is there (502, 503).
 */
export type NoAnswer = "throttled" | "slow" | "failing" | "away";

/** How a call ended. */
export type CallOutcome = "ok" | "refused" | NoAnswer;

/** Not reachable, overloaded or failing: nobody knows whether the call took effect, and later it may work. */
export class HomeserverAway extends Error {
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

/** Said of a path that no template made. */
const OTHER = "other";

interface Template {
  /** As in the source, with `:id` for each part: what logs and metrics say. */
  readonly shown: string;
  readonly steps: readonly string[];
}

/** By the place in the source that they stand in: as many as there are calls in Whisper, whatever is asked. */
const templates = new Map<TemplateStringsArray, Template>();

/**
 * The template that the path was made of, for logs and metrics: nothing of what somebody named stands in it, and there
 * are no more of them than calls in the source.
 */
export function patternOf(path: string): string {
  const asked = path.split("/");
  for (const { shown, steps } of templates.values()) {
    if (steps.length === asked.length && steps.every((step, at) => step === PART || step === asked[at]))
      return shown;
  }
  return OTHER;
}

/** A path from its parts, each percent-encoded: path`/rooms/${roomId}/kick`. All paths are written so. */
export function path(strings: TemplateStringsArray, ...parts: readonly string[]): string {
  if (!templates.has(strings)) templates.set(strings, templateOf(strings));
  return strings.reduce((whole, text, index) => whole + encodeURIComponent(parts[index - 1] ?? "") + text);
}

const PART = ":id";
/** A part is a step of its own. It may be empty, and is never more than one: `/` in it is encoded. */
function templateOf(strings: readonly string[]): Template {
  const shown = strings.join(PART);
  return { shown, steps: shown.split("/") };
}
