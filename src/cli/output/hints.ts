import type { Failure } from "../../protocol/failure.ts";
import { textHint, type Hint } from "../../protocol/hint.ts";

/**
 * The command that was typed, as it can be pasted again: without the options in `without`, and with the option in `option`
 * (`--yes=prod`, `--database audit`) in place of what was said of it before. A password inside an address is not repeated.
 */
export function sameCommand(
  argv: readonly string[],
  { option = "", without = [] }: { option?: string; without?: readonly string[] } = {},
): string {
  const added = option === "" ? [] : option.split(" ");
  const name = added[0]?.replace(/=.*/, "");
  const gone = [...without, ...(name === undefined ? [] : [name, ...(against[name] ?? [])])];
  const kept = argv.filter((_, i) => !isOf(gone, argv, i));
  return ["hasura-migrate", ...kept.map(quoted), ...added].join(" ");
}

/** What cannot stand beside an option: the other ways to say the same thing. */
const bounds = ["--to", "--steps", "--only", "--all"];
const against: Readonly<Record<string, readonly string[]>> = {
  "--wait": ["--no-wait"],
  "--no-wait": ["--wait"],
  "--applied": ["--pending"],
  "--pending": ["--applied"],
  ...Object.fromEntries(bounds.map((bound) => [bound, bounds])),
};

const short: Readonly<Record<string, string>> = { "-y": "--yes", "-q": "--quiet" };
/** Options that stand alone; every other one takes the next word along, if that is no option itself. */
const alone: ReadonlySet<string> = new Set([
  ...[
    "--json",
    "--quiet",
    "--no-color",
    "--debug",
    "--dry-run",
    "--strict",
    "--out-of-order",
    "--no-transaction",
    "--no-wait",
  ],
  ...["--no-reload", "--all", "--applied", "--pending", "--check", "--reset", "--serve"],
]);

/** True for an option that is to go, and for the value that stands behind it. */
function isOf(options: readonly string[], argv: readonly string[], i: number): boolean {
  const name = (word = ""): string => short[word] ?? word.replace(/=.*/, "");
  if (options.includes(name(argv[i]))) return true;
  const before = argv[i - 1];
  return (
    before !== undefined &&
    !before.includes("=") &&
    !argv[i]?.startsWith("-") &&
    !alone.has(name(before)) &&
    options.includes(name(before))
  );
}

function quoted(word: string): string {
  const shown = word.replace(/^((?:--[a-z-]+=)?[a-z]+:\/\/[^:@/\s]+):[^@/\s]*@/, "$1:***@");
  return /^[\w@%+=:,./-]+$/.test(shown) ? shown : `'${shown.replaceAll("'", `'\\''`)}'`;
}

/** The options that say which database and which files `local` means, as they were typed. */
function sameDatabase(argv: readonly string[]): string[] {
  return argv.filter((_, i) => isOf(["--database-url", "--migrations"], argv, i)).map(quoted);
}

/** Hints with every "same command again" resolved to the command itself; `<environment>` is the one that was named. */
export function wholeHints(
  hints: readonly Hint[],
  argv: readonly string[],
  environment?: string,
): Hint[] {
  return hints.map((hint) => {
    switch (hint.kind) {
      case "text":
        return textHint(
          environment === undefined
            ? hint.text
            : hint.text.replaceAll("<environment>", environment),
        );
      case "command":
        return hint.argv[2] === "local" && hint.argv[0] === "hasura-migrate"
          ? { ...hint, argv: [...hint.argv, ...sameDatabase(argv)] }
          : hint;
      case "retry":
        return textHint(
          `${hint.reason === undefined ? "" : `${hint.reason}: `}${sameCommand(argv, { option: hint.with.join(" "), without: hint.without })}`,
        );
    }
  });
}

/** One hint as a line of text. */
export function hintText(hint: Hint): string {
  if (hint.kind === "text") return hint.text;
  const command = hint.kind === "command" ? hint.argv.map(quoted).join(" ") : hint.with.join(" ");
  return hint.reason === undefined ? command : `${hint.reason}: ${command}`;
}

/** The same failure with whole hints. */
export function withWholeHints(
  failure: Failure,
  argv: readonly string[],
  environment?: string,
): Failure {
  return failure.with({ hints: wholeHints(failure.hints, argv, environment) });
}
