import express, { type Request, type Response, type Router } from "express";
import type { MediaPort } from "../../conversations/media.ts";
import type { UserId } from "../../policy/model.ts";
import { endToEnd, type Upstream, upstream } from "../homeserver/upstream.ts";
import { type AccountDataPort, directChats, markedUnread } from "./door/account-data.ts";
import { answerCreateRoom } from "./door/create-room.ts";
import type { Entrance } from "./door/entrance.ts";
import { ignoredUsers } from "./door/ignored-users.ts";
import { legacyMedia, mediaRule } from "./door/media.ts";
import { membershipAsState, membershipOfOther, ownMembership, upgrade } from "./door/memberships.ts";
import { pusher } from "./door/pusher.ts";
import { answerFailure, type GateLog, whileWanted } from "./passage/answer.ts";
import { type Callers, callers } from "./passage/caller.ts";
import { refuse, TOO_MANY, UNREADABLE_PATH } from "./passage/error-response.ts";
import { forwardedHeaders } from "./passage/forwarded.ts";
import type { Gated, GatedKind } from "./passage/gated-paths.ts";
import { sortRequest } from "./passage/request-path.ts";
import {
  bareEventRule,
  eventRule,
  eventStreamRule,
  identityServerRule,
  initialSyncRule,
  notificationsRule,
  type Passage,
  type Rule,
  receiptRule,
  roomRule,
  slidingSyncRule,
  syncRule,
  toDeviceRule,
} from "./passage/rules.ts";
import { Turns } from "./passage/turns.ts";

export interface GateOptions {
  /** Synapse itself. */
  readonly synapseUrl: string;
  /** Which rooms show a file. */
  readonly media: MediaPort;
  readonly uploaderOf: (server: string, mediaId: string) => Promise<UserId | null>;
  readonly isAdministrator: (user: UserId) => Promise<boolean>;
  readonly bot: UserId;
  /** Who may be invited, and when. */
  readonly entrance: Entrance;
  readonly accountData: AccountDataPort;
  readonly log: GateLog;
  /** A proxy in front says who the client is, and overwrites what clients say themselves. */
  readonly behindProxy: boolean;
  /** See `MediaRuleOptions`. */
  readonly looks: readonly number[];
  /** See `CallerOptions`. */
  readonly keepMembership: number;
}

export interface Gate {
  /** Answers gated requests and passes on all others. Must come before anything that reads bodies. */
  readonly router: Router;
  close(): void;
}

/** The most long polls open at a time: one for each device of a large practice. */
const MOST_POLLS = 4_096;
/** The most other reads at a time. They have their own connections, so that waiting polls do not block them. */
const MOST_READS = 1_024;
const MOST_QUESTIONS = 64;
/**
 * Per person: two polls for each of a good number of devices, some of them on connections that have broken unnoticed.
 * Reads come in bursts, such as a room full of pictures, so any excess waits for its turn.
 */
const POLLS_EACH = 32;
const READS_EACH = 16;
const READS_WAITING_EACH = 256;

const POLLS: ReadonlySet<GatedKind> = new Set(["sync", "sliding-sync"]);
/** Refused without asking anyone. */
const NOT_SERVED: ReadonlySet<GatedKind> = new Set([
  "event-stream",
  "identity-server",
  "legacy-media",
  "upgrade",
]);

/**
 * The read gate: nobody reads anything from a room they are not in now. Synapse itself would serve a removed user
 * single events, notifications, files and, through /sync, the whole past; see docs/decisions/read-gate.md.
 */
export function createGate(options: GateOptions): Gate {
  const questions = upstream(options.synapseUrl, MOST_QUESTIONS);
  const polls = upstream(options.synapseUrl, MOST_POLLS);
  const reads = upstream(options.synapseUrl, MOST_READS);
  const who: Callers = callers({ upstream: questions, keepMembership: options.keepMembership });
  const passage = (through: Upstream): Passage => ({
    callers: who,
    upstream: through,
    headers: (request) => endToEnd(forwardedHeaders(request, options.behindProxy)),
  });
  const polling = { turns: new Turns(POLLS_EACH, 0), passage: passage(polls) };
  const reading = { turns: new Turns(READS_EACH, READS_WAITING_EACH), passage: passage(reads) };
  const rules: Readonly<Record<GatedKind, Rule>> = {
    event: eventRule,
    room: roomRule,
    "bare-event": bareEventRule,
    "event-stream": eventStreamRule,
    notifications: notificationsRule,
    "initial-sync": initialSyncRule,
    sync: syncRule(options.bot),
    "sliding-sync": slidingSyncRule(options.bot),
    "to-device": toDeviceRule,
    receipt: receiptRule,
    pusher,
    "own-membership": ownMembership,
    "membership-of-other": membershipOfOther(options.entrance),
    "membership-as-state": membershipAsState(options.entrance),
    "create-room": answerCreateRoom(options.entrance),
    upgrade,
    "ignored-users": ignoredUsers(options.bot),
    "marked-unread": markedUnread(options.accountData),
    "direct-chats": directChats(options.accountData),
    "identity-server": identityServerRule,
    media: mediaRule(options),
    "legacy-media": legacyMedia,
  };

  const carryOut = async (gated: Gated, request: Request, response: Response): Promise<void> => {
    const rule = rules[gated.kind];
    if (NOT_SERVED.has(gated.kind)) return rule(reading.passage, request, response, gated);
    const { turns, passage } = POLLS.has(gated.kind) ? polling : reading;
    const endTurn = await turns.take(await who.userId(request), whileWanted(response));
    if (endTurn === null) return refuse(response, TOO_MANY);
    try {
      await rule(passage, request, response, gated);
    } finally {
      endTurn();
    }
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
        carryOut(sorted.gated, request, response).catch((error: unknown) =>
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
      polls.close();
      reads.close();
    },
  };
}
