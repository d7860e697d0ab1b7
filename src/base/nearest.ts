/** Longer words are not typing errors; comparing them costs the square of their length. */
const LONGEST_WORD = 40;
/** At most this many words of about the same length are compared; later names are not suggested. */
const MOST_CANDIDATES = 2_000;

/**
 * The candidate that a typing error most likely meant; undefined if none is near. Bounded, whatever the word and the
 * number of candidates: both may come from anyone.
 */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  if (word.length > LONGEST_WORD) return undefined;
  const typed = word.toLowerCase();
  let best: string | undefined;
  let closest = Math.max(3, word.length / 2);
  let compared = 0;
  for (const candidate of candidates) {
    // The distance is at least the difference in length.
    if (Math.abs(candidate.length - word.length) >= closest) continue;
    if (++compared > MOST_CANDIDATES) break;
    const distance = editDistance(typed, candidate.toLowerCase());
    if (distance < closest) [best, closest] = [candidate, distance];
  }
  return best;
}

/** Levenshtein distance: insertions, deletions and substitutions. */
function editDistance(one: string, other: string): number {
  let previous = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i++) {
    const current = [i];
    for (let j = 1; j <= other.length; j++) {
      const substituted = (previous[j - 1] ?? 0) + (one[i - 1] === other[j - 1] ? 0 : 1);
      current.push(Math.min((previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1, substituted));
    }
    previous = current;
  }
  return previous[other.length] ?? 0;
}
