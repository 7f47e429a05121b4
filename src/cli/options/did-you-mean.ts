import { closest, distance } from "fastest-levenshtein";

/** The candidate a misspelt word was probably meant to be, or undefined when none is near. */
export function closestMatch(word: string, candidates: readonly string[]): string | undefined {
  if (candidates.length === 0) return undefined;
  const best = closest(
    word.toLowerCase(),
    candidates.map((candidate) => candidate.toLowerCase()),
  );
  const candidate = candidates.find((it) => it.toLowerCase() === best);
  const allowed = Math.max(1, Math.floor(word.length / 3));
  if (candidate === undefined || candidate === word) return undefined;
  return distance(word.toLowerCase(), best) <= allowed || isSwapped(word.toLowerCase(), best)
    ? candidate
    : undefined;
}

/** Two letters in the wrong order are one slip, and two changes. */
function isSwapped(word: string, other: string): boolean {
  const at = Array.from(word).findIndex((letter, i) => letter !== other[i]);
  return (
    at >= 0 &&
    word.slice(0, at) + (word[at + 1] ?? "") + (word[at] ?? "") + word.slice(at + 2) === other
  );
}

/** ` Did you mean "x"?` with its leading space, or nothing. */
export function didYouMean(word: string, candidates: readonly string[]): string {
  const meant = closestMatch(word, candidates);
  return meant === undefined ? "" : ` Did you mean "${meant}"?`;
}
