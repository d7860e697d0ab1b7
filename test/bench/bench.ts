export interface BenchOptions {
  /** A short one, to see that it works at all: its figures mean little. */
  readonly smoke: boolean;
  /** A line for whoever watches. */
  readonly say: (line: string) => void;
}

/** A measured figure, beside the same done without Whisper in the same run where there is such a thing. */
export interface Figure {
  readonly what: string;
  readonly unit: "ms" | "s" | "/s" | "MB" | "calls" | "statements";
  readonly raw?: number;
  readonly whisper: number;
  /** What is hoped for, of the ratio of Whisper to raw or of Whisper's figure itself. */
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
  /** @throws when it could not be measured; a missed goal is not an error. */
  run(options: BenchOptions): Promise<readonly Figure[]>;
}
