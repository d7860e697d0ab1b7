import { BLANK_TEXT } from "../../directory/input/text-patterns.ts";
import type { Json } from "./openapi.ts";

/** A field of a JSON Schema, described for people. */
export interface SchemaRow {
  /** Including the fields that contain it: `users[].name`. */
  readonly name: string;
  readonly type: string;
  /** The named schema that the type mentions, if there is one. */
  readonly link: string | null;
  readonly required: boolean;
  readonly description: string;
}

/**
 * The fields of an object schema, followed by those of objects inside it. A schema that is not an object gives one row.
 */
export function rowsOf(schema: Json, prefix = ""): SchemaRow[] {
  if (isObject(schema.properties)) return fieldsOf(schema, prefix);
  const inner = prefix === "" && isObject(schema.items) && !schema.items.$ref ? schema.items : null;
  if (inner && isObject(inner.properties)) return fieldsOf(inner, "[].");
  return [{ name: prefix, ...typeOf(schema), required: true, description: textOf(schema.description) }];
}

function fieldsOf(schema: Json, prefix: string): SchemaRow[] {
  const required = Array.isArray(schema.required) ? schema.required : [];
  return Object.entries(isObject(schema.properties) ? schema.properties : {}).flatMap(([name, field]) => {
    if (!isObject(field)) return [];
    const full = `${prefix}${name}`;
    const described = textOf(field.description);
    const standing = field.default === undefined ? described : withDefault(described, field.default);
    const row = { name: full, ...typeOf(field), required: required.includes(name), description: standing };
    const { items } = field;
    if (isObject(field.properties)) return [row, ...fieldsOf(field, `${full}.`)];
    if (isObject(items) && isObject(items.properties)) return [row, ...fieldsOf(items, `${full}[].`)];
    return [row];
  });
}

const withDefault = (description: string, value: unknown): string =>
  `${description}${description === "" ? "" : "; "}${JSON.stringify(value)} by default`;

/** The type in words: `list of User`, `text or null`. */
export function typeOf(schema: Json): { type: string; link: string | null } {
  if (typeof schema.$ref === "string") {
    const name = schema.$ref.split("/").at(-1) ?? "";
    return { type: name, link: name };
  }
  if (Array.isArray(schema.anyOf)) {
    // Readers need not know that blank text counts as left out.
    const parts = schema.anyOf
      .filter(isObject)
      .filter(({ pattern }) => pattern !== BLANK_TEXT)
      .map(typeOf);
    return {
      type: parts.map((part) => part.type).join(" or "),
      link: parts.find((part) => part.link)?.link ?? null,
    };
  }
  if (schema.const !== undefined) return { type: JSON.stringify(schema.const), link: null };
  if (Array.isArray(schema.enum))
    return { type: schema.enum.map((each) => JSON.stringify(each)).join(" or "), link: null };
  if (schema.type === "array") {
    const of = isObject(schema.items) ? typeOf(schema.items) : { type: "anything", link: null };
    // Senders of a list need not know that a null item does not count.
    return { type: `list of ${of.type.replace(/ or null$/, "")}`, link: of.link };
  }
  if (Array.isArray(schema.type))
    return { type: schema.type.map((type) => typeOf({ type }).type).join(" or "), link: null };
  if (schema.format === "date-time") return { type: "time", link: null };
  const words: Record<string, string> = {
    string: "text",
    integer: "whole number",
    boolean: "true or false",
    null: "null",
  };
  return {
    type: typeof schema.type === "string" ? (words[schema.type] ?? schema.type) : "anything",
    link: null,
  };
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

export const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
