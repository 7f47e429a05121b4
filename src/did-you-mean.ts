import { closest, distance } from "fastest-levenshtein";

/** The candidate that a misspelt word most likely stands for, or undefined when none is close. */
export function closestMatch(word: string, candidates: readonly string[]): string | undefined {
  if (candidates.length === 0) return undefined;
  const lower = word.toLowerCase();
  const best = closest(
    lower,
    candidates.map((candidate) => candidate.toLowerCase()),
  );
  const match = candidates.find((candidate) => candidate.toLowerCase() === best);
  if (match === undefined || match === word) return undefined;
  const allowed = Math.max(1, Math.floor(word.length / 3));
  return distance(lower, best) <= allowed || isTransposed(lower, best) ? match : undefined;
}

/** Two neighbouring letters in the wrong order are one slip, although their distance is 2. */
function isTransposed(word: string, other: string): boolean {
  const at = Array.from(word).findIndex((letter, i) => letter !== other[i]);
  return (
    at >= 0 &&
    word.slice(0, at) + (word[at + 1] ?? "") + (word[at] ?? "") + word.slice(at + 2) === other
  );
}

/** ` Did you mean "x"?` with its leading space, or nothing. */
export function didYouMean(word: string, candidates: readonly string[]): string {
  const match = closestMatch(word, candidates);
  return match === undefined ? "" : ` Did you mean "${match}"?`;
}
