export interface ScenarioOptions {
  /** A short one, to see that it works at all. */
  readonly smoke: boolean;
  /** A line for whoever watches. */
  readonly say: (line: string) => void;
}

export interface Findings {
  /** What was done and counted, for the table. */
  readonly rows: ReadonlyArray<readonly [what: string, value: string | number]>;
  /** What is not as it should be, a sentence each. */
  readonly faults: readonly string[];
}

export interface Scenario {
  readonly name: string;
  readonly summary: string;
  run(options: ScenarioOptions): Promise<Findings>;
}
