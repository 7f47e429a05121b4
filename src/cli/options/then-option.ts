import { isNumber } from "./operands.ts";

/** Separates the environments of one stage in the value of `--then`. No environment has a comma in its name. */
const separator = ",";

/**
 * argv with the words behind each `--then` as its one value: `dev-1 --then staging eu --then prod` becomes
 * `dev-1 --then=staging,eu --then=prod`. Commander would take the later words as environments of the first stage, which must
 * not run before those named ahead of them. `takesValue` is true for an option that the next word belongs to.
 */
export function joinStages(
  argv: readonly string[],
  takesValue: (option: string) => boolean,
): readonly string[] {
  const joined: string[] = [];
  let stage: number | undefined;
  let isValue = false;
  for (const [i, word] of argv.entries()) {
    if (word === "--") return [...joined, ...argv.slice(i)];
    if (isValue || (word.startsWith("-") && word !== thenOption)) {
      joined.push(word);
      isValue = !isValue && takesValue(word);
    } else if (word === thenOption) {
      stage = joined.push(`${thenOption}=`) - 1;
    } else if (stage === undefined || isNumber(word)) {
      joined.push(word);
    } else {
      joined[stage] = withMember(joined[stage] ?? "", word);
    }
  }
  return joined;
}

const thenOption = "--then";

function withMember(stage: string, word: string): string {
  return stage.endsWith("=") ? `${stage}${word}` : `${stage}${separator}${word}`;
}

/** The environments and groups of one `--then`. */
export function stageMembers(value: string): string[] {
  return value.split(separator).filter((name) => name !== "");
}
