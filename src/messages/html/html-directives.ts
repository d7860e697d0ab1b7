import type { Directive } from "../../policy/directives/directive.ts";
import type { Span } from "../../policy/directives/literal.ts";
import { readDirectives } from "../../policy/directives/read-directives.ts";
import { htmlPieces } from "./markup.ts";

/** Elements whose text is shown as it is, repeats someone else's words, or is the name of a link or a person (a pill). */
const LITERAL: ReadonlySet<string> = new Set(["code", "pre", "blockquote", "a"]);
/** Elements within a line of text. All others separate words. */
const INLINE: ReadonlySet<string> = new Set(
  "b big del em font i s small span strike strong sub sup u".split(" "),
);

/** A directive in HTML: its text may stand in several pieces, with tags between them. */
export interface HtmlDirective {
  readonly directive: Directive;
  /** Places of its text in the HTML, in order; at least one. */
  readonly pieces: readonly Span[];
}

/** The directives that a reader of the HTML sees, in order; its reply fallback is left out. Linear in the HTML. */
export function htmlDirectives(html: string): HtmlDirective[] {
  let shown = "";
  /** Where each unit of the shown text is in the HTML. */
  const places: Span[] = [];
  const literal: Span[] = [];
  const open = new Map<string, number>();
  let inside = 0;
  for (const piece of htmlPieces(html)) {
    if (piece.is === "text") {
      const verbatim = piece.end - piece.start === piece.text.length;
      if (inside > 0) literal.push({ start: shown.length, end: shown.length + piece.text.length });
      for (let at = 0; at < piece.text.length; at++)
        places.push(verbatim ? { start: piece.start + at, end: piece.start + at + 1 } : piece);
      shown += piece.text;
      continue;
    }
    if (LITERAL.has(piece.name)) {
      const before = open.get(piece.name) ?? 0;
      const after = Math.max(0, before + (piece.is === "open" ? 1 : -1));
      open.set(piece.name, after);
      inside += after - before;
    }
    if (INLINE.has(piece.name) || piece.name === "a" || piece.name === "code") continue;
    places.push({ start: piece.start, end: piece.start });
    shown += "\n";
  }
  return readDirectives(shown, literal).map((directive) => ({
    directive,
    pieces: together(places.slice(directive.start, directive.end)),
  }));
}

/** Places without a gap between them count as one. */
function together(places: readonly Span[]): Span[] {
  const joined: Span[] = [];
  for (const { start, end } of places) {
    const last = joined.at(-1);
    if (last !== undefined && start <= last.end) joined[joined.length - 1] = { start: last.start, end };
    else joined.push({ start, end });
  }
  return joined;
}

/**
 * The HTML with directives replaced; everything else stays byte for byte.
 * @param replacement the HTML instead of a directive; null leaves it as it is.
 */
export function replaceInHtml(
  html: string,
  directives: readonly HtmlDirective[],
  replacement: (directive: Directive) => string | null,
): string {
  const parts: string[] = [];
  let from = 0;
  for (const { directive, pieces } of directives) {
    const instead = replacement(directive);
    if (instead === null) continue;
    for (const [index, { start, end }] of pieces.entries()) {
      parts.push(html.slice(from, start), index === 0 ? instead : "");
      from = end;
    }
  }
  return parts.join("") + html.slice(from);
}
