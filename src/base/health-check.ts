/** One thing that must be well for a program to do its work. */
export interface HealthCheck {
  readonly ok: boolean;
  /** For the people who look after it: no secrets, no names. */
  readonly detail?: string;
  /** Such as a queue's lag in seconds. */
  readonly value?: number;
}
