import { basename, relative } from "node:path";
import { cleanText } from "../../clean-text.ts";
import { directoryLimits, type UploadedDirectory } from "../../protocol/run-source.ts";
import type { CliContext } from "../context.ts";
import { findRepository } from "../project/find-repository.ts";

/** What identifies a project's directory to others: its name, and what Git knows about it. */
export async function directoryFacts(
  root: string,
  { capture }: Pick<CliContext, "capture">,
): Promise<UploadedDirectory> {
  const args = [
    "--no-optional-locks",
    "-C",
    root,
    "status",
    "--porcelain=v2",
    "--branch",
    "--",
    ".",
  ];
  const status = await capture("git", args);
  const { branch, commit, dirty } = gitFacts(status ?? "");
  const directory = cleanText(directoryName(root), directoryLimits.directory);
  return {
    directory: directory === "" ? "." : directory,
    ...(branch !== undefined && { branch: cleanText(branch, directoryLimits.branch) }),
    ...(commit !== undefined && { commit: cleanText(commit, directoryLimits.commit) }),
    ...(commit !== undefined && { dirty }),
  };
}

/** Reads `git status --porcelain=v2 --branch`. */
function gitFacts(status: string): {
  readonly branch: string | undefined;
  readonly commit: string | undefined;
  readonly dirty: boolean;
} {
  const lines = status.split("\n").filter((line) => line !== "");
  const header = (name: string): string | undefined => {
    const prefix = `# branch.${name} `;
    const value = lines.find((line) => line.startsWith(prefix))?.slice(prefix.length);
    // "(initial)" before the first commit, "(detached)" without a branch.
    return value === undefined || value.startsWith("(") ? undefined : value;
  };
  return {
    branch: header("head"),
    commit: header("oid"),
    dirty: lines.some((line) => !line.startsWith("#")),
  };
}

/** From the name of its repository on: `shop/hasura`. */
function directoryName(root: string): string {
  const repository = findRepository(root);
  if (repository === undefined) return basename(root);
  return [basename(repository), ...relative(repository, root).split(/[\\/]/)]
    .filter((part) => part !== "")
    .join("/");
}
