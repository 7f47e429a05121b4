/** The operands of a command that takes several environments. */
export interface EnvironmentOperands {
  readonly environments: readonly string[];
  /** Words that begin with a digit, which are counts and versions: the name of an environment begins with a letter. */
  readonly numbers: readonly string[];
}

/** Distinguishes environments from counts and versions: `down dev-1 dev-2 3`. */
export function environmentOperands(words: readonly string[]): EnvironmentOperands {
  return {
    environments: words.filter((word) => !isNumber(word)),
    numbers: words.filter(isNumber),
  };
}

/** True for a count or a version, as opposed to an environment. */
export function isNumber(word: string): boolean {
  return /^-?\d/.test(word);
}
