import { directedText } from "../messages/directives.ts";
import type { MatrixEvent } from "../messages/event.ts";
import { escapeHtml, HTML_FORMAT } from "../messages/html/html.ts";
import { htmlDirectives, replaceInHtml } from "../messages/html/html-directives.ts";
import {
  type Directive,
  MOST_PATIENTS,
  type PatientReference,
  patientsIn,
  unreadableIn,
} from "../policy/directives/directive.ts";
import * as words from "./words.ts";

/** In the content of a message: the ids of the patients it links, as strings. Clients that know Whisper may set it. */
export const PATIENTS_KEY = "au.healthtrack.whisper.patients";

type Content = MatrixEvent["content"];

/** The patients that a message asks to link: by `#patient` in its text, or by the content key. */
export interface AskedPatients {
  /** In order, without repetitions. Null: whoever is open in the sender's HealthTrack. */
  readonly patients: readonly PatientReference[];
  /** There are more than one message may link. */
  readonly tooMany: boolean;
  /** Ids that cannot be read without guessing, as written. */
  readonly unreadable: readonly string[];
}

/** Ids that HealthTrack may use: what `PUT /api/v1/bookings/{booking_id}` takes, without anything that breaks a line. */
const PATIENT_ID = /^[^\p{C}\p{Z}]{1,64}$/u;

/** @param open the patient who is open in the sender's HealthTrack: `#patient` and the same id are one patient. */
export function askedPatients(content: Content, open: string | null): AskedPatients {
  const directives = directedText(content)?.directives ?? [];
  const given: unknown = content[PATIENTS_KEY];
  const keyed = (Array.isArray(given) ? given : []).filter(
    (each): each is string => typeof each === "string" && PATIENT_ID.test(each),
  );
  const { patients, tooMany } = patientsIn(directives, open);
  const all = [...new Set([...patients, ...keyed])];
  return {
    patients: all.slice(0, MOST_PATIENTS),
    tooMany: tooMany || all.length > MOST_PATIENTS,
    unreadable: unreadableIn(directives),
  };
}

/**
 * The content with a link in place of each `#patient`, and after the text for each patient whom only the content key
 * names. Null: it has no text that people see, such as a picture without a caption.
 * @param addresses the link of each patient; directives about others stay as they were typed.
 */
export function linkedContent(
  content: Content,
  open: string | null,
  addresses: ReadonlyMap<string, string>,
): Content | null {
  const { body, format, formatted_body: html, filename, msgtype } = content;
  const isText = msgtype === "m.text" || msgtype === "m.emote";
  if (typeof body !== "string" || !(isText || (typeof filename === "string" && filename !== body)))
    return null;
  const directed = directedText(content);
  if (directed === null) return null;
  const { text, directives } = directed;
  const idOf = (directive: Directive): string | null => {
    const id = directive.is === "patient" ? (directive.patient ?? open) : null;
    return id !== null && addresses.has(id) ? id : null;
  };
  const anchor = (id: string) =>
    `<a href="${escapeHtml(addresses.get(id) ?? "")}">${escapeHtml(words.patient(id))}</a>`;
  const inText = new Set(directives.flatMap((each) => idOf(each) ?? []));
  const others = [...addresses.keys()].filter((id) => !inText.has(id));
  const isHtml = format === HTML_FORMAT && typeof html === "string";
  const linkedHtml = isHtml
    ? replaceInHtml(html, htmlDirectives(html), (directive) => {
        const id = idOf(directive);
        return id === null ? null : anchor(id);
      })
    : pieces(text, directives, idOf, (plain) => escapeHtml(plain).replaceAll("\n", "<br>"), anchor);
  return {
    ...content,
    body: [
      pieces(text, directives, idOf, (plain) => plain, words.patient),
      ...lineOf(others, words.patient),
    ].join("\n"),
    format: HTML_FORMAT,
    formatted_body: [linkedHtml, ...lineOf(others, anchor)].join("<br>"),
    [PATIENTS_KEY]: [...addresses.keys()],
  };
}

const lineOf = (ids: readonly string[], shown: (id: string) => string): string[] =>
  ids.length === 0 ? [] : [ids.map(shown).join(" · ")];

/** The text, with what stands for each patient in place of their directive. */
function pieces(
  text: string,
  directives: readonly Directive[],
  idOf: (directive: Directive) => string | null,
  plain: (text: string) => string,
  shown: (id: string) => string,
): string {
  const parts: string[] = [];
  let from = 0;
  for (const directive of directives) {
    const id = idOf(directive);
    if (id === null) continue;
    parts.push(plain(text.slice(from, directive.start)), shown(id));
    from = directive.end;
  }
  return parts.join("") + plain(text.slice(from));
}
