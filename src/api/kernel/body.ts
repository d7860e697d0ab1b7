import express, { type Request, type Response } from "express";
import { parseJsonBytes, UnreadableJson } from "../../directory/input/json-text.ts";
import { invalidInput, Problem } from "./problem.ts";

export const BODY_LIMIT = 1024 * 1024;

const readers = new Map<number, ReturnType<typeof express.raw>>();

function readerOf(limit: number) {
  const known = readers.get(limit);
  if (known) return known;
  const reader = express.raw({ type: () => true, limit });
  readers.set(limit, reader);
  return reader;
}

/**
 * A request's JSON body; undefined if it has none.
 * @throws Problem 413, 415, or 400 if it is not JSON in UTF-8.
 */
export async function readJson(request: Request, response: Response, limit: number): Promise<unknown> {
  const length = request.headers["content-length"];
  const empty =
    request.headers["transfer-encoding"] === undefined && (length === undefined || Number(length) === 0);
  if (empty) return undefined;
  mustBeJson(request.headers["content-type"]);
  const bytes = await readBytes(request, response, limit);
  if (bytes.length === 0) return undefined;
  try {
    return parseJsonBytes(bytes);
  } catch (error) {
    if (error instanceof UnreadableJson) throw invalidInput([{ path: "", message: error.message }]);
    throw error;
  }
}

function mustBeJson(contentType: string | undefined): void {
  const [type = "", ...parameters] = (contentType ?? "").split(";").map((part) => part.trim().toLowerCase());
  const charset = parameters.find((parameter) => parameter.startsWith("charset="))?.slice("charset=".length);
  const utf8 = charset === undefined || ["utf-8", "utf8"].includes(charset.replaceAll('"', ""));
  if (type !== "application/json" || !utf8) {
    throw new Problem("unsupported-media-type", "Send the body as Content-Type: application/json, in UTF-8.");
  }
}

function readBytes(request: Request, response: Response, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    readerOf(limit)(request, response, (error?: unknown) => {
      if (error) return reject(bodyProblem(error, limit));
      const { body }: { body?: unknown } = request;
      resolve(Buffer.isBuffer(body) ? body : Buffer.alloc(0));
    });
  });
}

function bodyProblem(error: unknown, limit: number): Problem {
  const type = typeof error === "object" && error !== null && "type" in error ? error.type : undefined;
  if (type === "entity.too.large") {
    return new Problem("too-large", `The body must not be larger than ${limit / 1024 / 1024} MB.`);
  }
  if (type === "encoding.unsupported") {
    return new Problem(
      "unsupported-media-type",
      "Content-Encoding must be gzip, deflate, br, zstd or left out.",
    );
  }
  return invalidInput([{ path: "", message: "The body could not be read: send it again" }]);
}
