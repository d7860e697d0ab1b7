import type { Figure, Goal } from "./bench.ts";

const HEAD = ["what", "raw", "Whisper", "ratio", "goal", "ok?"] as const;

/** One table of everything that was measured. */
export function table(figures: readonly Figure[]): string {
  const rows = [HEAD, ...figures.map(rowOf)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join("  ");
  const [head, ...body] = rows.map(line);
  return [head, widths.map((width) => "─".repeat(width)).join("  "), ...body].join("\n");
}

function rowOf({ what, unit, raw, whisper, goal }: Figure): string[] {
  const ratio = raw === undefined ? undefined : whisper / raw;
  const judged = goal?.of === "ratio" ? ratio : whisper;
  return [
    what,
    raw === undefined ? "" : `${rounded(raw)} ${unit}`,
    `${rounded(whisper)} ${unit}`,
    ratio === undefined ? "" : ratio.toFixed(2),
    goal === undefined ? "" : goalText(goal, unit),
    goal === undefined || judged === undefined ? "" : meets(judged, goal) ? "yes" : "NO",
  ];
}

function goalText({ of, atMost, atLeast }: Goal, unit: string): string {
  const bound = atMost === undefined ? `≥ ${atLeast}` : `≤ ${atMost}`;
  return of === "ratio" ? `ratio ${bound}` : `${bound} ${unit}`;
}

const meets = (value: number, { atMost = Infinity, atLeast = -Infinity }: Goal): boolean =>
  value <= atMost && value >= atLeast;

function rounded(value: number): string {
  if (Number.isInteger(value)) return String(value);
  return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
}
