import { type Gated, gatedBy } from "./gated-paths.ts";

export type Sorted =
  | { readonly outcome: "pass" }
  | { readonly outcome: "gated"; readonly gated: Gated }
  /** The path means one thing as written and another when decoded: someone is trying to get past the gate. */
  | { readonly outcome: "refuse" };

/** What RFC 3986 allows in a path, without anything that a proxy on the way could read differently. */
const PLAIN_PATH = /^\/(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2})*$/;

/**
 * Sorts a request by its target, exactly as the client sent it.
 *
 * Synapse matches its routes against the raw path and decodes only parameters, once. nginx and others decode, merge
 * slashes and resolve dots first. Both readings must agree on what is requested; an honest client never makes them
 * differ.
 */
export function sortRequest(method: string, target: string): Sorted {
  const path = requestPath(target);
  // Whisper's own routes do not go through the gate. Every spelling of the client API contains this word.
  if (!(decoded(path) ?? path).includes("_matrix")) return { outcome: "pass" };
  if (!PLAIN_PATH.test(path)) return { outcome: "refuse" };
  const resolved = resolvedPath(path);
  if (resolved === null) return { outcome: "refuse" };
  const asWritten = gatedBy(method, path);
  const asDecoded = gatedBy(method, resolved);
  if (asWritten?.kind !== asDecoded?.kind) return { outcome: "refuse" };
  return asWritten === null ? { outcome: "pass" } : { outcome: "gated", gated: asWritten };
}

export function requestPath(target: string): string {
  const query = target.indexOf("?");
  return query === -1 ? target : target.slice(0, query);
}

export function queryOf(target: string): string {
  const query = target.indexOf("?");
  return query === -1 ? "" : target.slice(query + 1);
}

/** One parameter of a path. Null if it is not UTF-8. */
export function decoded(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}

/**
 * Decoded once, with slashes merged and dots resolved: the path as nginx's `$uri` has it (ngx_http_parse_complex_uri).
 */
function resolvedPath(path: string): string | null {
  const text = decoded(path);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is control characters that are looked for.
  if (text === null || /[\u0000-\u001f\u007f\\]/.test(text)) return null;
  const steps: string[] = [];
  const written = text.split("/").slice(1);
  for (const step of written) {
    if (step === "" || step === ".") continue;
    if (step === "..") {
      if (steps.pop() === undefined) return null;
    } else steps.push(step);
  }
  return `/${steps.join("/")}${/(?:^|\/)(?:\.{1,2})?$/.test(text) ? "/" : ""}`.replace("//", "/");
}
