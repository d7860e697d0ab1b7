import { createRequire } from "node:module";
import express, { type ErrorRequestHandler, type Request, type RequestHandler, Router } from "express";
import type { Logger } from "pino";
import type { ProviderReports } from "../port.ts";
import { failureOf, stateOf } from "./statuses.ts";

export interface TwilioWebhookOptions {
  readonly accountSid: string;
  readonly authToken: string;
  /** Where Twilio reaches Whisper; it may have a path. */
  readonly publicUrl: string;
  readonly log: Logger;
}

/** Twilio's forms have a few kilobytes. */
const LIMIT = "64kb";

type Validate = (token: string, signature: string, url: string, params: Record<string, unknown>) => boolean;

/**
 * What Twilio calls. A call counts only with a signature by the account's token (Twilio, "Webhooks security"), over the
 * address that Twilio called: behind a proxy that is `publicUrl`, and not what arrives here.
 */
export function twilioWebhooks(options: TwilioWebhookOptions, reports: ProviderReports): RequestHandler {
  const { validateRequest } = createRequire(import.meta.url)("twilio/lib/webhooks/webhooks.js") as {
    validateRequest: Validate;
  };
  const genuine = (request: Request): boolean => {
    const signature = request.get("x-twilio-signature");
    if (signature === undefined || typeof request.body !== "object" || request.body === null) return false;
    const url = `${options.publicUrl}${request.originalUrl}`;
    return (
      validateRequest(options.authToken, signature, url, request.body) &&
      field(request, "AccountSid") === options.accountSid
    );
  };
  const router = Router({ caseSensitive: true, strict: true });
  router.use(express.urlencoded({ extended: false, limit: LIMIT }));
  router.use((request, response, next) => {
    if (request.method !== "POST") return void response.status(404).end();
    if (!genuine(request)) return void response.status(403).end();
    next();
  });
  router.post("/status/:ref", async (request, response) => {
    const [sid, status] = [field(request, "MessageSid"), field(request, "MessageStatus")];
    const errorCode = field(request, "ErrorCode");
    if (sid !== null && status !== null)
      await reports.status({
        ref: request.params.ref,
        sid,
        status,
        state: stateOf(status),
        errorCode,
        failure: errorCode === null ? null : failureOf(errorCode),
      });
    response.status(204).end();
  });
  router.post("/inbound", async (request, response) => {
    const [sid, from] = [field(request, "MessageSid"), field(request, "From")];
    if (sid !== null && from !== null)
      await reports.incoming({
        sid,
        at: null,
        from,
        text: readable(field(request, "Body") ?? ""),
        hasMedia: Number(field(request, "NumMedia") ?? 0) > 0,
      });
    response.type("text/xml").send("<Response/>");
  });
  router.use(answerBadForms);
  return router;
}

/** Text that a database and a Matrix event can hold. */
export const readable = (text: string): string => text.toWellFormed().replaceAll("\0", "");

/** A form that is too large, or none at all. */
const answerBadForms: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  const status: unknown =
    typeof error === "object" && error !== null ? Reflect.get(error, "status") : undefined;
  if (typeof status !== "number" || status >= 500) return next(error);
  response.status(status).end();
};

/** A field of the form; null: there is none, or it is empty or there several times. */
function field(request: Request, name: string): string | null {
  const value: unknown = Reflect.get(request.body, name);
  return typeof value === "string" && value !== "" ? value : null;
}
