import type { Response } from "express";

/** What a client gets instead of what it asked for (client-server API, "Standard error response"). */
export interface GateRefusal {
  readonly status: number;
  readonly errcode: string;
  readonly error: string;
  /** Milliseconds after which to try again. */
  readonly retryAfter?: number;
}

export const NOT_A_MEMBER: GateRefusal = {
  status: 403,
  errcode: "M_FORBIDDEN",
  error: "You are not in this conversation.",
};

export const NOT_YOUR_FILE: GateRefusal = {
  status: 403,
  errcode: "M_FORBIDDEN",
  error: "This file is in none of your conversations.",
};

export const NO_SUCH_FILE: GateRefusal = {
  status: 404,
  errcode: "M_NOT_FOUND",
  error: "There is no such file.",
};

/** Nothing is end-to-end encrypted, so Whisper's rooms need no messages to other people's devices. */
export const ONLY_TO_YOURSELF: GateRefusal = {
  status: 403,
  errcode: "M_FORBIDDEN",
  error: "Messages between devices go to your own devices only.",
};

export const NOT_TO_DEVICES: GateRefusal = {
  status: 400,
  errcode: "M_BAD_JSON",
  error: "This is not a message to devices as the Matrix specification has it.",
};

export const NOT_A_PUSHER: GateRefusal = {
  status: 400,
  errcode: "M_BAD_JSON",
  error: "This is not a pusher as the Matrix specification has it.",
};

/** Email notifications carry names and texts. */
export const NO_PUSH_BY_EMAIL: GateRefusal = {
  status: 403,
  errcode: "M_FORBIDDEN",
  error: "Notifications go to apps only. Turn them on in the app.",
};

export const NOT_AN_OBJECT: GateRefusal = {
  status: 400,
  errcode: "M_NOT_JSON",
  error: "This request is no JSON object.",
};

export const NOT_A_ROOM: GateRefusal = {
  status: 400,
  errcode: "M_BAD_JSON",
  error: "This is not a room as the Matrix specification has it.",
};

/** The conversation exists, but someone could not be let in yet, or Synapse is busy. */
export const STILL_OPENING: GateRefusal = {
  status: 503,
  errcode: "M_UNKNOWN",
  error: "This conversation is still being set up. Try again in a moment.",
};

export const TOO_LARGE: GateRefusal = {
  status: 413,
  errcode: "M_TOO_LARGE",
  error: "This request is too large.",
};

/** Email addresses and mobile numbers come from HealthTrack, and there is no identity server. */
export const NO_IDENTITY_SERVER: GateRefusal = {
  status: 403,
  errcode: "M_FORBIDDEN",
  error: "There is no identity server here. Your practice's administrator looks after addresses.",
};

/** `GET /events` (deprecated since r0.6): clients use /sync. */
export const USE_SYNC: GateRefusal = {
  status: 404,
  errcode: "M_UNRECOGNIZED",
  error: "Events are served by /sync only. Update your client.",
};

/** Without a token, Synapse would not serve it either (authenticated media, Matrix 1.11). */
export const FILES_NEED_A_TOKEN: GateRefusal = {
  status: 404,
  errcode: "M_NOT_FOUND",
  error: "Files are served to signed-in users only. Update your client.",
};

export const CANNOT_TELL: GateRefusal = {
  status: 403,
  errcode: "M_FORBIDDEN",
  error: "Whisper cannot check right now whether you may see this. Try again in a moment.",
};

/** One person has more requests open than all their devices together need. */
export const TOO_MANY: GateRefusal = {
  status: 429,
  errcode: "M_LIMIT_EXCEEDED",
  error: "Too many requests at the same time.",
  retryAfter: 2_000,
};

export const UNREADABLE_PATH: GateRefusal = {
  status: 400,
  errcode: "M_UNRECOGNIZED",
  error: "This address is not written as the Matrix specification has it.",
};

export const UNKNOWN_PATH: GateRefusal = {
  status: 404,
  errcode: "M_UNRECOGNIZED",
  error: "Unrecognized request",
};

export const HOMESERVER_AWAY: GateRefusal = {
  status: 502,
  errcode: "M_UNKNOWN",
  error: "The homeserver does not answer. Try again in a moment.",
};

/**
 * As Synapse sends them (`set_cors_headers`, `set_corp_headers`): without them a browser hides the answer from the
 * client.
 */
const CORS = {
  "access-control-allow-origin": "*",
  "access-control-allow-methods": "GET, HEAD, POST, PUT, DELETE, OPTIONS",
  "access-control-allow-headers": "X-Requested-With, Content-Type, Authorization, Date",
  "access-control-expose-headers": "Synapse-Trace-Id, Server",
  "cross-origin-resource-policy": "cross-origin",
};

export function refuse(response: Response, { status, errcode, error, retryAfter }: GateRefusal): void {
  if (retryAfter !== undefined && !response.headersSent)
    response.set("retry-after", String(Math.ceil(retryAfter / 1_000)));
  sendJson(response, status, {
    errcode,
    error,
    ...(retryAfter === undefined ? {} : { retry_after_ms: retryAfter }),
  });
}

/** A picture that never changes under its address, as Synapse serves files (`respond_with_file`). */
export function sendPicture(response: Response, png: Buffer): void {
  response
    .status(200)
    .set(CORS)
    .set({
      "cache-control": "private, max-age=31536000, immutable",
      "content-disposition": "inline",
      "content-security-policy": "sandbox; default-src 'none'",
      "x-content-type-options": "nosniff",
    })
    .type("png")
    .send(png);
}

/** Our own answer; if an answer has already begun, it is cut off. */
export function sendJson(response: Response, status: number, body: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.status(status).set(CORS).set("cache-control", "no-store").json(body);
}
