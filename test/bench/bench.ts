export interface BenchOptions {
  /** A short one, to see that it works at all: its numbers mean nothing. */
  readonly smoke: boolean;
  /** A line for whoever watches. */
  readonly say: (line: string) => void;
}

export interface Row {
  readonly what: string;
  readonly measured: string | number;
  readonly goal?: string;
}

export interface Bench {
  readonly name: string;
  readonly summary: string;
  run(options: BenchOptions): Promise<readonly Row[]>;
}

/** The value that this share of the others does not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export const rounded = (value: number): number => Math.round(value * 100) / 100;
export const milliseconds = (value: number): string => `${value.toFixed(1)} ms`;
