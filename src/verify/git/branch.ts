import { join } from "node:path";
import type { FileSystem } from "../../engine/project/file-system.ts";
import { readProject, type Migration, type Project } from "../../engine/project/project.ts";
import { Failure } from "../../protocol/failure.ts";
import { migrationLabel, type Version } from "../../protocol/migration.ts";
import type { VerifyProblem } from "../../protocol/verification.ts";
import { comparisonWith, git, type Comparison } from "./git.ts";
import { filesOfRevision } from "./revision-files.ts";

/** The migrations that the checked-out files add to a revision, in one database. */
export interface Branch {
  /** Versions that the revision did not have when the branch diverged from it. */
  readonly added: ReadonlySet<Version>;
  /** Versions that it had with different contents. */
  readonly changed: ReadonlySet<Version>;
  /** Migrations that were added to the revision in the meantime and are not checked out. */
  readonly others: readonly Migration[];
  readonly problems: readonly VerifyProblem[];
}

/**
 * Compares the project in a directory, including uncommitted changes, with a revision.
 * @throws Failure as `comparisonWith` and `readProject` do
 */
export async function branchesSince(
  directory: string,
  project: Project,
  revision: string,
): Promise<(database: string) => Branch> {
  const comparison = await comparisonWith(directory, revision);
  const { base, tip } = comparison;
  const [atBase, atTip, changedFiles] = await Promise.all([
    projectAt(directory, { commit: base, ...comparison }),
    projectAt(directory, { commit: tip, ...comparison }),
    changedSince(directory, comparison),
  ]);
  return (database) =>
    branchOf({
      mine: project.databases.get(database) ?? [],
      base: atBase?.databases.get(database) ?? [],
      tip: atTip?.databases.get(database) ?? [],
      isChanged: (path) => changedFiles.has(join(project.root, path)),
      revision,
    });
}

/** Undefined if the revision has no project in this directory. */
async function projectAt(
  directory: string,
  revision: { readonly commit: string; readonly prefix: string },
): Promise<Project | undefined> {
  const files: FileSystem = await filesOfRevision(directory, revision);
  try {
    return await readProject(directory, files);
  } catch (thrown) {
    const codes = ["no-directory", "no-migrations-directory"];
    if (thrown instanceof Failure && codes.includes(thrown.code)) return undefined;
    throw thrown;
  }
}

/** Absolute paths of tracked files that differ from the commit, on disk. */
async function changedSince(
  directory: string,
  { base, prefix }: Comparison,
): Promise<ReadonlySet<string>> {
  const listed = await git(directory, "diff", "--name-only", "-z", "--no-renames", base, "--");
  const depth = prefix.split("/").filter((part) => part !== "");
  const top = join(directory, ...depth.map(() => ".."));
  return new Set(
    (listed ?? "")
      .split("\0")
      .filter((path) => path !== "")
      .map((path) => join(top, path)),
  );
}

interface Sides {
  readonly mine: readonly Migration[];
  readonly base: readonly Migration[];
  readonly tip: readonly Migration[];
  readonly isChanged: (path: string) => boolean;
  readonly revision: string;
}

function branchOf({ mine, base, tip, isChanged, revision }: Sides): Branch {
  const versionsOf = (list: readonly Migration[]): ReadonlySet<Version> =>
    new Set(list.map(({ version }) => version));
  const [own, before] = [versionsOf(mine), versionsOf(base)];
  const added = mine.filter(({ version }) => !before.has(version));
  const changed = mine.filter(
    ({ version, up, down }) =>
      before.has(version) && [up, down].some((file) => file && isChanged(file.path)),
  );
  return {
    added: versionsOf(added),
    changed: versionsOf(changed),
    others: tip.filter(({ version }) => !before.has(version) && !own.has(version)),
    problems: [
      ...changed
        .filter(({ up }) => up && isChanged(up.path))
        .map((each) => changedProblem(each, revision)),
      ...sameVersions(added, tip, revision),
    ],
  };
}

function changedProblem(migration: Migration, revision: string): VerifyProblem {
  const { up } = migration;
  return {
    severity: "warning",
    code: "changed",
    message: `${up?.path ?? migrationLabel(migration)} differs from the file in ${revision}: it will not run where that one is already applied.`,
    ...(up && { file: up.path }),
  };
}

/** Different migrations that two branches created with the same version. */
function sameVersions(
  added: readonly Migration[],
  tip: readonly Migration[],
  revision: string,
): VerifyProblem[] {
  const theirs = new Map(tip.map((each) => [each.version, each]));
  return added.flatMap((migration) => {
    const other = theirs.get(migration.version);
    if (other === undefined || other.name === migration.name) return [];
    const file = migration.up ?? migration.down;
    return [
      {
        severity: "error" as const,
        code: "same-version" as const,
        message: `${migrationLabel(migration)} has the same version as ${migrationLabel(other)} in ${revision}: only one of them would ever be applied.`,
        ...(file && { file: file.path }),
      },
    ];
  });
}
