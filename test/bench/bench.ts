export interface BenchOptions {
  /** A short run, to see that it works at all. Its figures mean little. */
  readonly smoke: boolean;
  /** Prints a line for whoever is watching. */
  readonly say: (line: string) => void;
}

/** A measured figure, next to the same work without Whisper in the same run where that exists. */
export interface Figure {
  readonly what: string;
  readonly unit: "ms" | "s" | "/s" | "MB" | "calls" | "statements";
  readonly raw?: number;
  readonly whisper: number;
  /** The goal, for the ratio of Whisper to raw or for Whisper's figure itself. */
  readonly goal?: Goal;
}

export interface Goal {
  readonly of: "ratio" | "figure";
  readonly atMost?: number;
  readonly atLeast?: number;
}

export interface Bench {
  readonly name: string;
  readonly summary: string;
  /** About how many minutes a full run takes on two cores. */
  readonly minutes: number;
  /** @throws when it could not be measured. A missed goal is not an error. */
  run(options: BenchOptions): Promise<readonly Figure[]>;
}
