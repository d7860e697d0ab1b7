/**
 * Remembers a result for a snapshot. A directory and its maps are never changed in place: a change makes a new map (and
 * a new Directory), and results for the old one are released.
 */
export function oncePer<Key extends object, Value>(compute: (key: Key) => Value): (key: Key) => Value {
  const known = new WeakMap<Key, { readonly value: Value }>();
  return (key) => {
    let entry = known.get(key);
    if (entry === undefined) {
      entry = { value: compute(key) };
      known.set(key, entry);
    }
    return entry.value;
  };
}

/** The same for something that depends on two snapshots. */
export function oncePerPair<First extends object, Second extends object, Value>(
  compute: (first: First, second: Second) => Value,
): (first: First, second: Second) => Value {
  const perFirst = oncePer((first: First) => oncePer((second: Second) => compute(first, second)));
  return (first, second) => perFirst(first)(second);
}
