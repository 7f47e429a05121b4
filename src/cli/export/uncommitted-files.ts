import { posix } from "node:path";
import { Failure } from "../../protocol/failure.ts";
import { commandHint, retryHint } from "../../protocol/hint.ts";
import type { CliContext } from "../context.ts";
import { findRepository } from "../project/find-repository.ts";

/**
 * Returns the given files that differ from the last commit; none outside a Git repository. Includes untracked and ignored files, whose
 * content exists nowhere else. Paths are relative to the directory, with forward slashes.
 * @throws Failure usage/uncommitted-changes if Git fails
 */
export async function uncommittedFiles(
  directory: string,
  paths: readonly string[],
  { capture }: Pick<CliContext, "capture">,
): Promise<readonly string[]> {
  if (paths.length === 0) return [];
  const git = ["-C", directory, "--no-optional-locks", "--literal-pathspecs"];
  const [prefix, status] = await Promise.all([
    capture("git", [...git, "rev-parse", "--show-prefix"]),
    capture("git", [
      ...git,
      // `matching` lists an ignored directory, but not the files in it.
      ...["status", "--porcelain=v2", "-z", "--untracked-files=all", "--ignored=traditional"],
      ...["--no-renames", "--", ...new Set(paths.map(placeOf))],
    ]),
  ]);
  if (prefix === undefined && findRepository(directory) === undefined) return [];
  if (prefix === undefined || status === undefined) throw noAnswer(directory);
  const listed = new Set(status.split("\0").flatMap((entry) => pathIn(entry) ?? []));
  return paths.filter((path) => isListed(posix.join(prefix, path), listed));
}

/**
 * The pathspec for a file: its directory, because thousands of paths would be too many, or the file itself if it is directly in the
 * root.
 */
function placeOf(path: string): string {
  const directory = posix.dirname(path);
  return directory === "." ? path : directory;
}

/** For a nested repository, Git lists only its directory. */
function isListed(path: string, listed: ReadonlySet<string>): boolean {
  return path !== "." && (listed.has(path) || isListed(posix.dirname(path), listed));
}

function noAnswer(directory: string): Failure {
  return new Failure(
    "usage",
    "uncommitted-changes",
    "Nothing was written: Git could not list uncommitted changes, so they might be overwritten.",
    {
      hints: [
        commandHint(["git", "-C", directory, "status"], "see why"),
        retryHint({ with: ["--force"], reason: "overwrite the files" }),
      ],
    },
  );
}

/** The path, from the root of the repository, in one entry of `git status --porcelain=v2`. */
function pathIn(entry: string): string | undefined {
  const fields = { "1": 8, u: 10, "?": 1, "!": 1 } as const;
  const [kind = ""] = entry.split(" ", 1);
  const count = Object.entries(fields).find(([each]) => each === kind)?.[1];
  return count === undefined
    ? undefined
    : entry.split(" ").slice(count).join(" ").replace(/\/$/, "");
}
