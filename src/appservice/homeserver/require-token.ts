import { createHash, timingSafeEqual } from "node:crypto";
import type { RequestHandler } from "express";

/** Refuses requests without the bearer token: 401 if it is missing, 403 if it is wrong, as specified. */
export function requireToken(token: string): RequestHandler {
  const expected = digest(token);
  return (request, response, next) => {
    const given = /^Bearer (.+)$/i.exec(request.headers.authorization ?? "")?.[1];
    if (given === undefined) {
      response.status(401).json({ errcode: "M_UNAUTHORIZED", error: "Missing token" });
    } else if (!timingSafeEqual(digest(given), expected)) {
      response.status(403).json({ errcode: "M_FORBIDDEN", error: "Bad token" });
    } else next();
  };
}

const digest = (text: string) => createHash("sha256").update(text).digest();
