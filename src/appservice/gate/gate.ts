import express, { type Request, type Router } from "express";
import type { MediaPort } from "../../conversations/media.ts";
import type { UserId } from "../../policy/model.ts";
import { answerFailure, type GateLog } from "./answer.ts";
import { type Callers, callers } from "./caller.ts";
import type { GatedKind } from "./gated-paths.ts";
import { legacyMedia, mediaRule } from "./media.ts";
import { refuse, UNREADABLE_PATH } from "./refusal.ts";
import { sortRequest } from "./request-path.ts";
import {
  bareEvent,
  event,
  eventStream,
  initialSync,
  notifications,
  type Passage,
  type Rule,
  room,
  slidingSync,
  sync,
  toDevice,
} from "./rules.ts";
import { upstream } from "./upstream.ts";

export interface GateOptions {
  /** Synapse itself. */
  readonly synapseUrl: string;
  /** Which rooms show a file. */
  readonly media: MediaPort;
  readonly uploaderOf: (server: string, mediaId: string) => Promise<UserId | null>;
  readonly log: GateLog;
  /** A proxy in front says who the client is, and overwrites what clients say themselves. */
  readonly behindProxy: boolean;
  /** Other milliseconds than usual, for tests. */
  readonly looks?: readonly number[];
  readonly keepMembership?: number;
}

export interface Gate {
  /** Answers gated requests, passes all others on. Goes before anything that reads bodies. */
  readonly router: Router;
  close(): void;
}

/** Long polls open at a time: one for each device of a large practice. */
const MOST_POLLS = 4_096;
const MOST_QUESTIONS = 64;

/**
 * The read gate: nobody reads anything of a room that they are not in now. Synapse itself would serve a removed user
 * single events, notifications, files and, through /sync, the whole past; see docs/decisions/read-gate.md.
 */
export function createGate(options: GateOptions): Gate {
  const questions = upstream(options.synapseUrl, MOST_QUESTIONS);
  const reads = upstream(options.synapseUrl, MOST_POLLS);
  const who: Callers = callers({
    upstream: questions,
    ...(options.keepMembership === undefined ? {} : { keepMembership: options.keepMembership }),
  });
  const passage: Passage = {
    callers: who,
    upstream: reads,
    forwardedFor: (request) => clientAddress(request, options.behindProxy),
  };
  const rules: Readonly<Record<GatedKind, Rule>> = {
    event,
    room,
    "bare-event": bareEvent,
    "event-stream": eventStream,
    notifications,
    "initial-sync": initialSync,
    sync,
    "sliding-sync": slidingSync,
    "to-device": toDevice,
    media: mediaRule(options),
    "legacy-media": legacyMedia,
  };

  const router = express.Router();
  router.use((request, response, next) => {
    const sorted = sortRequest(request.method, request.originalUrl);
    switch (sorted.outcome) {
      case "pass":
        return next();
      case "refuse":
        return refuse(response, UNREADABLE_PATH);
      case "gated":
        rules[sorted.gated.kind](passage, request, response, sorted.gated).catch((error: unknown) =>
          answerFailure(response, error, options.log),
        );
        return;
      default:
        return sorted satisfies never;
    }
  });
  return {
    router,
    close: () => {
      questions.close();
      reads.close();
    },
  };
}

/** Without a proxy in front, whatever the client says about its own address is overwritten. */
export function clientAddress(request: Request, behindProxy: boolean): string {
  const told = request.headers["x-forwarded-for"];
  const address = request.socket.remoteAddress ?? "";
  return behindProxy && typeof told === "string" ? told : address;
}
