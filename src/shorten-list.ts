/** Joins names for a message: at most `longest` of them, then "and N more". */
export function shortenList(names: readonly string[], longest = 5): string {
  const shown = names.slice(0, longest).join(", ");
  const left = names.length - longest;
  return left > 0 ? `${shown} and ${String(left)} more` : shown;
}
