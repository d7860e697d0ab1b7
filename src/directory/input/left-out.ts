import { z } from "zod";
import { trimmed } from "../../base/trimmed.ts";

/** What HealthTrack sends for a field that it might as well leave out. */

/** Null counts as left out. */
export const orLeftOut = <S extends z.ZodType>(schema: S) =>
  schema
    .nullish()
    .transform((value) => value ?? undefined)
    .describe(schema.description ?? "");

/** Null counts as left out, and what is left out as `standing`. */
export const orStanding = <S extends z.ZodType>(schema: S, standing: z.output<S>) =>
  schema
    .nullable()
    .default(standing as z.core.util.NoUndefined<z.output<S>>)
    .transform((value): z.output<S> => value ?? standing);

/** One of these codes. Blanks around it do not count, nor does case. */
export const code = <const Codes extends readonly string[]>(codes: Codes) =>
  z
    .preprocess((value) => (typeof value === "string" ? trimmed(value).toLowerCase() : value), z.enum(codes))
    .meta({ jsonSchema: { type: "string", enum: codes } });
