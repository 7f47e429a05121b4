import { escapeControls } from "../output/terminal/escape-controls.ts";
import { awsNames, configuredNames, versions, type Surroundings } from "./known-names.ts";
import { requestedWords, type Candidate, type RequestedWords } from "./requested-words.ts";
import { inserted, readLine, unquoted } from "./shell-line.ts";
import type { ProgramSyntax } from "./syntax.ts";

/*
 * What the completion scripts call when Tab is pressed: `hasura-migrate --complete SHELL ...`. The answer's first line is
 * `words`, `files` or `directories`. Words follow one a line, with a tab and what they are for where the shell shows that; for
 * paths, which the shell completes itself, what stands in front of the path and what has been typed of it.
 */

/** The answer for a shell. An unknown one gets none. Never contacts anything outside this machine. */
export async function complete(
  [shell = "", ...args]: readonly string[],
  tree: ProgramSyntax,
  surroundings: Surroundings,
): Promise<string> {
  if (shell === "bash") {
    const [line = "", wordBreaks = ""] = args;
    const typed = readLine(line, wordBreaks);
    return answer(typed.words.slice(1), tree, surroundings, ({ word }) => inserted(word, typed));
  }
  const last = args.at(-1) ?? "";
  // PowerShell would drop an empty argument.
  const word = unquoted(shell === "powershell" ? last.replace(/^=/, "") : last);
  return answer([...args.slice(0, -1), word], tree, surroundings, ({ word, what = "" }) =>
    what === "" ? word : `${word}\t${what}`,
  );
}

async function answer(
  words: readonly string[],
  tree: ProgramSyntax,
  surroundings: Surroundings,
  shown: (candidate: Candidate) => string,
): Promise<string> {
  const requested = requestedWords(words, tree);
  const { prefix, typed, kinds } = requested;
  const paths = kinds.find((kind) => kind === "file" || kind === "directory");
  if (paths) return [paths === "file" ? "files" : "directories", prefix, typed, ""].join("\n");
  const found = await candidates(requested, surroundings);
  const lines = found
    .filter(({ word }) => word.startsWith(typed) && !requested.without.has(word))
    // A word that a terminal would interpret is not inserted.
    .filter(({ word, what = "" }) => [word, what].every((text) => escapeControls(text) === text))
    .map(({ word, what }) => shown({ word: prefix + word, ...(what !== undefined && { what }) }));
  return ["words", ...lines, ""].join("\n");
}

async function candidates(
  { fixed, kinds, values }: RequestedWords,
  surroundings: Surroundings,
): Promise<readonly Candidate[]> {
  const configured = async () => configuredNames(surroundings, values.get("--config"));
  const found = await Promise.all(
    kinds.map(async (kind): Promise<readonly Candidate[]> => {
      switch (kind) {
        case "environment":
          return (await configured()).environments;
        case "group":
          return (await configured()).groups;
        case "environment-or-group": {
          const { environments, groups } = await configured();
          return [...environments.filter(({ word }) => word !== "local"), ...groups];
        }
        case "profile":
          return awsNames(surroundings).profiles;
        case "region":
          return awsNames(surroundings).regions;
        case "version":
          return versions(surroundings, values.get("--migrations"));
        case "file":
        case "directory":
        case "nothing":
          return [];
      }
    }),
  );
  // `local` is a command and an environment.
  const known = new Set(fixed.map(({ word }) => word));
  return [...fixed, ...found.flat().filter(({ word }) => !known.has(word))];
}
