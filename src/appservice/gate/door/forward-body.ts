import type { Request, Response } from "express";
import { handOn } from "../passage/answer.ts";
import { objectIn } from "../passage/caller.ts";
import { type GateRefusal, NOT_AN_OBJECT, refuse } from "../passage/error-response.ts";
import { bodyOf, type Passage, readAnswer } from "../passage/rules.ts";

export type Body = Readonly<Record<string, unknown>>;

/**
 * What a request says, as understood here. Synapse cannot read it differently, since `forwardBody` sends this and not
 * the original bytes.
 * @returns null if it is not a JSON object; the request has then been refused.
 */
export async function readJsonBody(request: Request, response: Response): Promise<Body | null> {
  const text = (await bodyOf(request)).toString("utf8");
  // Clients send an empty body when they leave.
  const body = text.trim() === "" ? {} : objectIn(text);
  if (body !== undefined) return body;
  refuse(response, NOT_AN_OBJECT);
  return null;
}

export async function forwardBody(
  passage: Passage,
  request: Request,
  response: Response,
  body: Body,
): Promise<void> {
  handOn(response, await readAnswer(passage, request, response, Buffer.from(JSON.stringify(body))));
}

/** The named fields, if present. */
export function pickFields(body: Body, fields: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    fields.flatMap((field) => (Object.hasOwn(body, field) ? [[field, body[field]]] : [])),
  );
}

export const forbiddenRefusal = (reason: string): GateRefusal => ({
  status: 403,
  errcode: "M_FORBIDDEN",
  error: reason,
});
