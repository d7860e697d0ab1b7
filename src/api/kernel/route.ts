import type { Logger } from "pino";
import type { z } from "zod";
import type { Transaction } from "../../store/database.ts";
import { parseInput, type RawInput } from "./input.ts";
import type { Scope } from "./scopes.ts";

/**
 * A route is data: what it takes, what it answers, who may call it, and the function that does the work. The kernel
 * serves it, the OpenAPI document describes it, and the tests go through all of them.
 */
export type Method = "GET" | "PUT" | "POST" | "PATCH" | "DELETE";

export interface ResponseSpec {
  readonly description: string;
  /** The JSON body's schema; none: no JSON body. */
  readonly body?: z.ZodType;
  readonly example?: unknown;
  /** For an answer that is not JSON. */
  readonly contentType?: string;
}
export type Responses = Readonly<Record<number, ResponseSpec>>;

/** A body that is not JSON, whole or streamed. */
export interface Content {
  readonly type: string;
  readonly data: string | AsyncIterable<string>;
}

interface ReplyHead {
  readonly headers?: Readonly<Record<string, string>>;
}
/** What the kernel sends. */
export interface Reply extends ReplyHead {
  readonly status: number;
  readonly body?: unknown;
  readonly content?: Content;
}
type Frozen<T> = T extends readonly (infer Item)[]
  ? readonly Frozen<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Frozen<T[Key]> }
    : T;
/** The answers that a handler may give, from the responses that its route declares. */
export type ReplyOf<R extends Responses> = {
  [Status in keyof R & number]: R[Status] extends { readonly body: infer Body extends z.ZodType }
    ? ReplyHead & { readonly status: Status; readonly body: Frozen<z.input<Body>> }
    : ReplyHead & { readonly status: Status; readonly content?: Content };
}[keyof R & number];

/** The key that a request came with. */
export interface Caller {
  readonly keyId: string;
  readonly keyName: string;
  readonly scopes: ReadonlySet<string>;
}

export interface RequestContext {
  /** Null on public routes. */
  readonly caller: Caller | null;
  readonly log: Logger;
  /** As it came: a route for GET also answers HEAD. */
  readonly method: string;
  /** The connection's peer: a reverse proxy, if there is one. */
  readonly remoteAddress: string;
  /** A request header, by its lower-case name. */
  header(name: string): string | undefined;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
}

/** Everything written with `tx` is committed before the answer is sent, or not at all. */
export interface WriteContext extends RequestContext {
  readonly tx: Transaction;
}

interface Spec<P, Q, B, R> {
  readonly method: Method;
  /** With `{name}` for each of `params`. */
  readonly path: string;
  /** `public`: anyone may call it. A test lists these. */
  readonly scope: Scope | "public";
  /** The heading under which it is documented. */
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  readonly bodyExample?: unknown;
  readonly responses: R;
  /** The problems that only this route has, and what they mean here. */
  readonly problems?: Readonly<Record<number, string>>;
  /** The handler itself looks for text in the body that cannot be stored, and accepts the rest. */
  readonly checksOwnText?: boolean;
  /** The body's maximum size in bytes; by default 1 MB. */
  readonly bodyLimit?: number;
}

export interface Input<P, Q, B> {
  readonly params: z.output<P>;
  readonly query: z.output<Q>;
  readonly body: z.output<B>;
}

type Documented = Spec<z.ZodObject, z.ZodObject, z.ZodType, Responses>;

/** A request whose input has passed its checks. */
export type Prepared =
  | {
      readonly effects: "outside";
      readonly input: Input<z.ZodType, z.ZodType, z.ZodType>;
      run(context: RequestContext): Promise<Reply>;
    }
  | {
      readonly effects: "transaction";
      readonly input: Input<z.ZodType, z.ZodType, z.ZodType>;
      run(context: WriteContext): Promise<Reply>;
      finish(reply: Reply, context: RequestContext): Promise<Reply>;
    };

/** A route as the kernel and the documents see it. */
export interface Route extends Documented {
  readonly effects: "transaction" | "outside";
  /** @throws Problem 400 with the path of each error. */
  prepare(raw: RawInput): Prepared;
}

type None = z.ZodObject<Record<never, never>, z.core.$strict>;

/** A route that reads, or whose effect is outside the database (a call to the homeserver). */
export function route<
  const R extends Responses,
  P extends z.ZodObject = None,
  Q extends z.ZodObject = None,
  B extends z.ZodType = None,
  const Out extends ReplyOf<R> = ReplyOf<R>,
>(spec: Spec<P, Q, B, R> & { handler(input: Input<P, Q, B>, context: RequestContext): Promise<Out> }): Route {
  const { handler, ...documented } = spec;
  return {
    ...documented,
    effects: "outside",
    prepare(raw) {
      const input = parseInput(spec, raw);
      return { effects: "outside", input, run: (context) => handler(input, context) };
    },
  };
}

/**
 * A route that changes rows. Its handler gets the transaction. If the request has an Idempotency-Key, the answer is
 * stored in it too: an answered request is never carried out twice. The handler uses no other connection: waiting for a
 * second one while holding the first would lock up the pool. It may run again after a deadlock, so it touches nothing
 * but `tx`.
 */
export function writeRoute<
  const R extends Responses,
  P extends z.ZodObject = None,
  Q extends z.ZodObject = None,
  B extends z.ZodType = None,
  const Out extends ReplyOf<R> = ReplyOf<R>,
>(
  spec: Spec<P, Q, B, R> & {
    handler(input: Input<P, Q, B>, context: WriteContext): Promise<Out>;
    /**
     * Called after the commit, also for a repeated request: adds to the answer what was not known in the transaction.
     */
    finish?(reply: ReplyOf<R>, context: RequestContext): Promise<ReplyOf<R>>;
  },
): Route {
  const { handler, finish, ...documented } = spec;
  return {
    ...documented,
    effects: "transaction",
    prepare(raw) {
      const input = parseInput(spec, raw);
      return {
        effects: "transaction",
        input,
        run: (context) => handler(input, context),
        // A stored reply was made by this route's handler and has been read back.
        finish: async (reply, context) => (finish ? finish(reply as ReplyOf<R>, context) : reply),
      };
    },
  };
}
