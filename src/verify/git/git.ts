import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Failure } from "../../protocol/failure.ts";
import { commandHint, textHint } from "../../protocol/hint.ts";
import { errorCode } from "../../system-error.ts";

const run = promisify(execFile);
const mostBytes = 256 << 20;

/** Runs git in a directory. Resolves to its output, or to undefined if it fails; rejects if git is not installed. */
export async function git(
  directory: string,
  ...args: readonly string[]
): Promise<string | undefined> {
  return (await gitBytes(directory, ...args))?.toString("utf8");
}

/** The same, with the output unchanged. */
export async function gitBytes(
  directory: string,
  ...args: readonly string[]
): Promise<Buffer | undefined> {
  try {
    const { stdout } = await run("git", ["-C", directory, ...args], {
      encoding: "buffer",
      maxBuffer: mostBytes,
    });
    return stdout;
  } catch (cause) {
    if (errorCode(cause) !== "ENOENT") return undefined;
    throw new Failure("usage", "git-unusable", "--since needs Git, which is not installed.", {
      cause,
    });
  }
}

/** A revision with which a branch is compared. */
export interface Comparison {
  /** The commit that the revision names. */
  readonly tip: string;
  /** The last commit that it has in common with what is checked out. */
  readonly base: string;
  /** The project's directory in the repository, with a slash at the end; empty for its root. */
  readonly prefix: string;
}

/**
 * Finds a revision, and the commit at which the checked-out branch diverged from it.
 * @throws Failure usage/git-unusable, usage/unknown-revision, usage/no-common-commit
 */
export async function comparisonWith(directory: string, revision: string): Promise<Comparison> {
  const prefix = await git(directory, "rev-parse", "--show-prefix");
  if (prefix === undefined)
    throw new Failure(
      "usage",
      "git-unusable",
      `--since needs a Git repository, but ${directory} is not in one that this user can read.`,
    );
  const tip = await git(
    directory,
    ...["rev-parse", "--verify", "--quiet", "--end-of-options", `${revision}^{commit}`],
  );
  if (tip === undefined) throw unknownRevision(revision);
  const base = await git(directory, "merge-base", "HEAD", tip.trim());
  if (base === undefined) throw noCommonCommit(revision);
  return { tip: tip.trim(), base: base.trim(), prefix: prefix.trimEnd() };
}

function unknownRevision(revision: string): Failure {
  return new Failure(
    "usage",
    "unknown-revision",
    `--since: this repository has no revision "${revision}".`,
    {
      hints: [
        commandHint(["git", "fetch", "origin"], "it may exist only on the server"),
        textHint("In a clone, a branch of the server is called origin/NAME."),
      ],
    },
  );
}

function noCommonCommit(revision: string): Failure {
  return new Failure(
    "usage",
    "no-common-commit",
    `--since: the checked-out commit and "${revision}" have no common ancestor in this clone.`,
    {
      hints: [
        commandHint(
          ["git", "fetch", "--unshallow", "origin"],
          "a shallow clone does not have older commits",
        ),
        textHint("In GitHub Actions: set fetch-depth: 0 in actions/checkout."),
      ],
    },
  );
}
