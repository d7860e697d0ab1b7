import { z } from "zod";

/** Stops after this many wrong items: a directory may have 20,000 records with such lists. */
const MOST_WRONG = 5;

/**
 * A list, checked item by item until too many are wrong. `z.array` collects every issue of every item: 16 MB of empty
 * objects take 19 s and 3 GB, and more than 100,000 issues inside another schema overflow its stack (zod 4.6).
 */
export function boundedList<S extends z.ZodType>(item: S, longest: number) {
  return z
    .custom<z.input<S>[]>(Array.isArray, "Must be a list")
    .transform((values, context) => {
      const checked: z.output<S>[] = [];
      if (values.length > longest) {
        context.addIssue({ code: "custom", message: `Must have at most ${longest} items`, input: null });
        return checked;
      }
      let wrong = 0;
      for (const [index, value] of values.entries()) {
        const parsed = item.safeParse(value);
        if (parsed.success) checked.push(parsed.data);
        else {
          for (const issue of parsed.error.issues) {
            // The input is left out on purpose: the wrong value may be a patient's.
            context.issues.push({
              ...issue,
              input: undefined,
              path: [index, ...issue.path],
            } as z.core.$ZodRawIssue);
          }
          wrong += 1;
          if (wrong === MOST_WRONG) break;
        }
      }
      return checked;
    })
    .meta({ listOf: item, maxItems: longest });
}

/** A list whose items the caller reads one by one: only its length is checked here. */
export const listOfRecords = (item: z.ZodType, longest: number) =>
  z
    .custom<readonly unknown[]>(Array.isArray, "Must be a list")
    .refine((values) => values.length <= longest, `Must have at most ${longest} items`)
    .meta({ listOf: item, maxItems: longest });
