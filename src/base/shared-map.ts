/**
 * A map whose next version shares what has not changed with this one: making it costs what changes, not what is in it.
 * Versions are never changed in place.
 */
export class SharedMap<Key, Value> {
  readonly #base: ReadonlyMap<Key, Value>;
  /** What differs from the base; undefined: is not in it any more. */
  readonly #changed: ReadonlyMap<Key, Value | undefined>;

  constructor(
    base: ReadonlyMap<Key, Value> = new Map(),
    changed: ReadonlyMap<Key, Value | undefined> = new Map(),
  ) {
    this.#base = base;
    this.#changed = changed;
  }

  get(key: Key): Value | undefined {
    return this.#changed.has(key) ? this.#changed.get(key) : this.#base.get(key);
  }

  /** The next version; undefined takes a key out of it. */
  with(changes: ReadonlyMap<Key, Value | undefined>): SharedMap<Key, Value> {
    if (changes.size === 0) return this;
    const changed = new Map([...this.#changed, ...changes]);
    // Now and then all of it is copied, so that what differs stays small.
    if (changed.size ** 2 <= this.#base.size) return new SharedMap(this.#base, changed);
    const base = new Map(this.#base);
    for (const [key, value] of changed) {
      if (value === undefined) base.delete(key);
      else base.set(key, value);
    }
    return new SharedMap(base);
  }
}
