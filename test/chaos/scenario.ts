export interface ScenarioOptions {
  /** A short run, to see that it works at all. */
  readonly smoke: boolean;
  /** Prints a line for whoever is watching. */
  readonly say: (line: string) => void;
}

export interface Findings {
  /** What was done and counted, for the table. */
  readonly rows: ReadonlyArray<readonly [what: string, value: string | number]>;
  /** What is wrong, one sentence each. */
  readonly faults: readonly string[];
}

export interface Scenario {
  readonly name: string;
  readonly summary: string;
  run(options: ScenarioOptions): Promise<Findings>;
}
