import type { Directive } from "../policy/directives/directive.ts";
import { literalSpans } from "../policy/directives/literal.ts";
import { readDirectives } from "../policy/directives/read-directives.ts";
import { withoutFallback } from "./html/fallback.ts";
import { HTML_FORMAT } from "./html/html.ts";
import { htmlDirectives } from "./html/html-directives.ts";

/** A message's plain text, without the quotation before a reply, and what it asks for. */
export interface DirectedText {
  readonly text: string;
  /** Places in `text`, in order. */
  readonly directives: readonly Directive[];
}

/**
 * Reads the directives of a message's content; for an edit, pass `m.new_content`. In a message with HTML, a directive
 * counts if it stands in both forms, so neither what only some readers see nor code and escaped text asks for anything.
 * Null: the content has no text.
 */
export function directedText(content: Readonly<Record<string, unknown>>): DirectedText | null {
  const { body, format, formatted_body: html } = content;
  if (typeof body !== "string") return null;
  const text = withoutFallback(body, "needed");
  const directives = readDirectives(text, literalSpans(text));
  if (directives.length === 0 || format !== HTML_FORMAT || typeof html !== "string")
    return { text, directives };
  const shown = new Set(htmlDirectives(html).map(({ directive }) => meaning(directive)));
  return { text, directives: directives.filter((directive) => shown.has(meaning(directive))) };
}

/** Equal for directives that ask for the same thing. */
function meaning(directive: Directive): string {
  switch (directive.is) {
    case "sms":
      return "sms";
    case "patient":
      return directive.patient === null ? "open" : `patient ${directive.patient}`;
    case "unreadable":
      return `unreadable ${directive.written}`;
    default:
      return directive satisfies never;
  }
}
