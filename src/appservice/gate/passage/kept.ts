/**
 * Values kept for a while, by a clock that gives milliseconds. If there are too many, the one that was set longest ago
 * goes first.
 */
export class Kept<T> {
  readonly #entries = new Map<string, { readonly value: T; readonly until: number }>();
  readonly #most: number;
  readonly #milliseconds: number;
  readonly #now: () => number;

  constructor(most: number, milliseconds: number, now: () => number) {
    this.#most = most;
    this.#milliseconds = milliseconds;
    this.#now = now;
  }

  get(key: string): T | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.until > this.#now()) return entry.value;
    this.#entries.delete(key);
    return undefined;
  }

  set(key: string, value: T): void {
    if (this.#milliseconds <= 0) return;
    // A Map keeps the insertion order: setting an entry again makes it the youngest.
    this.#entries.delete(key);
    this.#entries.set(key, { value, until: this.#now() + this.#milliseconds });
    if (this.#entries.size <= this.#most) return;
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      return;
    }
  }
}
