import { Failure } from "../../protocol/failure.ts";
import { retryHint } from "../../protocol/hint.ts";
import type { CliContext } from "../context.ts";

/**
 * Files below a directory that differ from the last commit, by their path from it; none outside of a Git repository. Includes untracked
 * and ignored files, whose content exists nowhere else.
 * @throws Failure usage/uncommitted-changes if Git fails
 */
export async function uncommittedFiles(
  directory: string,
  { capture }: Pick<CliContext, "capture">,
): Promise<ReadonlySet<string>> {
  const git = ["-C", directory, "--no-optional-locks"];
  const [prefix, status] = await Promise.all([
    capture("git", [...git, "rev-parse", "--show-prefix"]),
    capture("git", [
      ...git,
      ...["status", "--porcelain=v2", "-z", "--untracked-files=all", "--ignored=matching"],
      ...["--no-renames", "--", "."],
    ]),
  ]);
  if (prefix === undefined) return new Set();
  if (status === undefined) throw noAnswer();
  const paths = status.split("\0").flatMap((entry) => pathIn(entry) ?? []);
  return new Set(
    paths.flatMap((path) => (path.startsWith(prefix) ? [path.slice(prefix.length)] : [])),
  );
}

function noAnswer(): Failure {
  return new Failure(
    "usage",
    "uncommitted-changes",
    "Nothing was written: git status failed, so files with uncommitted changes might be overwritten.",
    { hints: [retryHint({ with: ["--force"], reason: "overwrite the files" })] },
  );
}

/** The path, from the root of the repository, in one entry of `git status --porcelain=v2`. */
function pathIn(entry: string): string | undefined {
  const fields = { "1": 8, u: 10, "?": 1, "!": 1 } as const;
  const [kind = ""] = entry.split(" ", 1);
  const count = Object.entries(fields).find(([each]) => each === kind)?.[1];
  return count === undefined ? undefined : entry.split(" ").slice(count).join(" ");
}
