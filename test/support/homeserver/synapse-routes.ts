/** Synapse's own routes, read from the installed Synapse, and the many ways to write a path that matches one. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { synapsePython } from "../../../dev/synapse/venv.ts";

export interface Route {
  readonly method: string;
  readonly servlet: string;
  /** As Synapse has it, in Python's syntax. */
  readonly pattern: string;
  /** Matched against the raw path, as Synapse does (`JsonResource._get_handler_for_request`). */
  readonly expression: RegExp;
}

const run = promisify(execFile);

/** The routes of the client API and of files. The administration API cannot be reached from outside. */
export async function synapseRoutes(): Promise<readonly Route[]> {
  const python = await synapsePython(() => undefined);
  const { stdout } = await run(python, [join(import.meta.dirname, "synapse-routes.py")]);
  const routes = JSON.parse(stdout) as [method: string, pattern: string, servlet: string][];
  return routes
    .filter(([, pattern]) => !pattern.includes("/_synapse/"))
    .map(([method, pattern, servlet]) => ({
      method,
      servlet,
      pattern,
      // Python matches from the start with or without `^`, and has its own syntax for named groups.
      expression: new RegExp(`^(?:${pattern.replaceAll("(?P<", "(?<")})`),
    }));
}

/** The parts of a path: text, a bare dot in the expression, a parameter, or anything at all. */
type Piece =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "dot" }
  | { readonly kind: "parameter"; readonly name: string };

/** All alternatives of a route's expression, without its groups. */
function templates(pattern: string): readonly (readonly Piece[])[] {
  const named = pattern
    .replace(/^\^|\$$/g, "")
    .replaceAll(/\(\?P<(\w+)>\[[^\]]*\][*+]\)/g, "{$1}")
    .replaceAll(/\(\?P<\w+>/g, "(")
    .replaceAll(".*", "{rest}");
  return alternatives(named).map((text) =>
    [...text.matchAll(/\{(\w+)\}|\\(.)|(\.)|([^{}\\.]+)/g)].map(([, name, escaped, dot, plain]) => {
      if (name !== undefined) return { kind: "parameter", name };
      return dot === undefined ? { kind: "text", text: escaped ?? plain ?? "" } : { kind: "dot" };
    }),
  );
}

/** `a(b|c)(d)?` as abd, ab, acd, ac. Inner groups first. */
function alternatives(text: string): readonly string[] {
  const group = /\(([^()]*)\)(\??)/.exec(text);
  if (group === null) return [text];
  const [whole, inside = "", optional] = group;
  return [...inside.split("|"), ...(optional === "?" ? [""] : [])].flatMap((choice) =>
    alternatives(text.slice(0, group.index) + choice + text.slice(group.index + whole.length)),
  );
}

/** Replaces a bare dot, which matches any character: a slash changes the number of segments. */
const FOR_A_DOT = [".", "/", ";", "-"];

/** Replaces a parameter: words from other routes, and what some reader may decode or resolve. */
const FOR_A_PARAMETER = [
  ["", ".", "..", "%2E%2E", "%2F", "a%2Fb", "x%2F..%2Fy", ";", "@", "%20"],
  ["rooms", "user", "sync", "event", "events", "context", "summary", "room_summary", "media", "download"],
  ["notifications", "initialSync", "sendToDevice", "rooms%2F!own:x%2Fevent", "..%2Fsync"],
].flat();

/** Words from other routes, and names that clients choose freely. */
const OTHER_ROUTES = [
  [
    "sync",
    "initialSync",
    "notifications",
    "events",
    "event",
    "context",
    "messages",
    "rooms",
    "user",
    "media",
  ],
  ["download", "thumbnail", "summary", "room_summary", "sendToDevice", "m.room.name", "!own:example.org"],
  ["$event", "@own:example.org", "sync%2F", "x%2Fsync", "sync.json", "filter"],
].flat();

/** @returns paths in which any one or two parameters look like parts of another route, a slash after them or not. */
export function lookAlikePaths(
  { pattern }: Route,
  values: Readonly<Record<string, string>>,
): readonly string[] {
  const usual = (name: string) => values[name] ?? "x";
  return templates(pattern).flatMap((pieces) => {
    const names = pieces.flatMap((piece) => (piece.kind === "parameter" ? [piece.name] : []));
    const fills = names.flatMap((one, index) =>
      OTHER_ROUTES.flatMap((first) => [
        (name: string) => (name === one ? first : usual(name)),
        ...names.slice(index + 1).flatMap((other) =>
          OTHER_ROUTES.map((second) => (name: string) => {
            if (name === one) return first;
            return name === other ? second : usual(name);
          }),
        ),
      ]),
    );
    return fills.flatMap((fill) => {
      const path = written(pieces, fill, () => ".");
      return [path, `${path}/`];
    });
  });
}

/** @returns paths written as the specification writes them. */
export function plainPaths({ pattern }: Route, values: Readonly<Record<string, string>>): readonly string[] {
  return templates(pattern).map((pieces) =>
    written(
      pieces,
      (name) => values[name] ?? "x",
      () => ".",
    ),
  );
}

/** @returns paths in every odd form. Synapse serves some of them. */
export function oddPaths({ pattern }: Route, values: Readonly<Record<string, string>>): readonly string[] {
  const usual = (name: string) => values[name] ?? "x";
  return templates(pattern).flatMap((pieces) => {
    const names = pieces.flatMap((piece) => (piece.kind === "parameter" ? [piece.name] : []));
    const fills = [
      usual,
      (name: string) => encodeURIComponent(usual(name)),
      ...names.flatMap((odd) =>
        FOR_A_PARAMETER.map((value) => (name: string) => (name === odd ? value : usual(name))),
      ),
    ];
    return dotted(pieces).flatMap((dots) => [
      ...fills.map((fill) => written(pieces, fill, dots)),
      ...misspelt(written(pieces, usual, dots)),
    ]);
  });
}

/** Every choice of a character for each bare dot. */
function dotted(pieces: readonly Piece[]): readonly ((index: number) => string)[] {
  const count = pieces.filter((piece) => piece.kind === "dot").length;
  const choices = Array.from({ length: count }).reduce<string[][]>(
    (before) => before.flatMap((chosen) => FOR_A_DOT.map((one) => [...chosen, one])),
    [[]],
  );
  return choices.map((chosen) => (index) => chosen[index] ?? ".");
}

function written(
  pieces: readonly Piece[],
  fill: (name: string) => string,
  dots: (index: number) => string,
): string {
  let dot = 0;
  return pieces
    .map((piece) => {
      if (piece.kind === "text") return piece.text;
      return piece.kind === "dot" ? dots(dot++) : fill(piece.name);
    })
    .join("");
}

/** The path with one change that another reader may overlook. */
function misspelt(path: string): readonly string[] {
  const slashes = [...path.matchAll(/\//g)].map(({ index }) => index);
  const steps = [...path.matchAll(/(?<=\/)[A-Za-z_]/g)].map(({ index }) => index);
  const put = (at: number, text: string, length = 1) => path.slice(0, at) + text + path.slice(at + length);
  return [
    ...["/", "//", ";", ";x=1", "%20", "%00", "%2F", "/.", "/..", "/%2e", "#", "?x=1", "?/sync"].map(
      (end) => path + end,
    ),
    ...slashes.flatMap((at) =>
      ["//", "/./", "/x/../", "%2F", "%2f", "\\", "/%2e/"].map((odd) => put(at, odd)),
    ),
    ...steps.map((at) => put(at, `%${path.charCodeAt(at).toString(16)}`)),
    ...steps.map((at) => put(at, `%25${path.charCodeAt(at).toString(16)}`)),
  ];
}
