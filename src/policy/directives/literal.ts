/** A part of a text, in UTF-16 units; `end` is exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * The parts of a message's plain text that are shown as they are or repeat someone else's words: code, quotations and web
 * addresses (CommonMark, "Fenced code blocks", "Code spans", "Block quotes"). In order, in time proportional to the text.
 */
export function literalSpans(text: string): Span[] {
  const spans: Span[] = [];
  let fence: { readonly mark: string; readonly start: number } | null = null;
  let start = 0;
  while (start <= text.length) {
    const newline = text.indexOf("\n", start);
    const end = newline < 0 ? text.length : newline;
    const line = text.slice(start, end);
    const mark = FENCE.exec(line)?.[1];
    if (fence !== null) {
      if (mark !== undefined && closes(line, mark, fence.mark)) {
        spans.push({ start: fence.start, end });
        fence = null;
      }
    } else if (mark !== undefined && opens(line, mark)) fence = { mark, start };
    else if (QUOTATION.test(line)) spans.push({ start, end });
    else
      for (const span of inlineSpans(line)) spans.push({ start: start + span.start, end: start + span.end });
    start = end + 1;
  }
  if (fence !== null) spans.push({ start: fence.start, end: text.length });
  return spans;
}

const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const QUOTATION = /^ {0,3}>/;

const opens = (line: string, mark: string): boolean =>
  mark.startsWith("~") || !line.slice(line.indexOf(mark) + mark.length).includes("`");
const closes = (line: string, mark: string, opened: string): boolean =>
  mark[0] === opened[0] && mark.length >= opened.length && line.trim() === mark;

/** Code spans and web addresses on one line. A code span that goes on for more than a line is not looked for. */
function inlineSpans(line: string): Span[] {
  const spans = codeSpans(line);
  if (!line.includes("://")) return spans;
  for (const { index, 0: address } of line.matchAll(/https?:\/\/\S+/gi))
    spans.push({ start: index, end: index + address.length });
  return spans.sort((one, other) => one.start - other.start || one.end - other.end);
}

function codeSpans(line: string): Span[] {
  if (!line.includes("`")) return [];
  const runs = [...line.matchAll(/`+/g)].map(({ index, 0: { length } }) => ({ start: index, length }));
  // For each run of backticks, the next one of the same length.
  const latest = new Map<number, number>();
  const closing: (number | undefined)[] = [];
  for (let at = runs.length - 1; at >= 0; at--) {
    const length = runs[at]?.length ?? 0;
    closing[at] = latest.get(length);
    latest.set(length, at);
  }
  const spans: Span[] = [];
  for (let at = 0; at < runs.length; at++) {
    const close = closing[at];
    const [first, last] = [runs[at], close === undefined ? undefined : runs[close]];
    if (close === undefined || first === undefined || last === undefined) continue;
    spans.push({ start: first.start, end: last.start + last.length });
    at = close;
  }
  return spans;
}
