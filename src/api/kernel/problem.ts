/** One error in what was sent: where it is, and a sentence. Never the value itself: it may be a patient's. */
export interface FieldError {
  readonly path: string;
  readonly message: string;
}

/** The kinds of problem that the API returns. `type` is `urn:whisper:problem:<kind>`. */
export const PROBLEMS = {
  "invalid-input": [400, "The request is not valid"],
  unauthorized: [401, "An API key is needed"],
  forbidden: [403, "This is not allowed"],
  "not-found": [404, "Not found"],
  "method-not-allowed": [405, "This address does not support that method"],
  conflict: [409, "This conflicts with the current state"],
  "too-large": [413, "The body is too large"],
  "unsupported-media-type": [415, "The body must be JSON"],
  "idempotency-key-reused": [422, "The Idempotency-Key was used for another request"],
  "too-many-requests": [429, "Too many requests"],
  internal: [500, "Something went wrong inside Whisper"],
  unavailable: [503, "Whisper cannot do this right now"],
} as const satisfies Record<string, readonly [number, string]>;

export type ProblemKind = keyof typeof PROBLEMS;

export interface ProblemOptions {
  readonly errors?: readonly FieldError[];
  /** Seconds until a retry is worthwhile. */
  readonly retryAfter?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer that says what is wrong (RFC 9457). A handler throws it; the kernel sends it. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly kind: ProblemKind;
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly errors: readonly FieldError[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(kind: ProblemKind, detail: string, options: ProblemOptions = {}) {
    super(detail);
    [this.status, this.title] = PROBLEMS[kind];
    this.kind = kind;
    this.detail = detail;
    this.errors = options.errors ?? [];
    this.headers = {
      ...options.headers,
      ...(options.retryAfter === undefined
        ? {}
        : { "Retry-After": String(Math.max(1, Math.ceil(options.retryAfter))) }),
    };
  }

  /** The body of the answer. */
  toJSON(): Record<string, unknown> {
    return {
      type: `urn:whisper:problem:${this.kind}`,
      title: this.title,
      status: this.status,
      detail: this.detail,
      ...(this.errors.length > 0 ? { errors: this.errors } : {}),
    };
  }
}

/** Nobody reads more errors than this; `detail` gives the number of the rest. */
const MOST_ERRORS = 100;

/** Bad input: what is wrong, and where. */
export function invalidInput(errors: readonly FieldError[]): Problem {
  const [first] = errors;
  const detail =
    errors.length === 1 && first
      ? `${first.path === "" ? "" : `${first.path}: `}${first.message}`
      : `${errors.length} things are wrong${errors.length > MOST_ERRORS ? `; the first ${MOST_ERRORS} are listed` : ""}.`;
  return new Problem("invalid-input", detail, { errors: errors.slice(0, MOST_ERRORS) });
}

export const forbidden = (why: string): Problem => new Problem("forbidden", why);
export const notFound = (what: string): Problem => new Problem("not-found", `There is no ${what}.`);
