import { join } from "node:path";
import type { FileSystem } from "../../engine/project/file-system.ts";
import { readProject, type Migration, type Project } from "../../engine/project/project.ts";
import { Failure } from "../../protocol/failure.ts";
import { migrationLabel, type Version } from "../../protocol/migration.ts";
import type { VerifyProblem } from "../../protocol/verification.ts";
import { comparisonWith, git, type Comparison } from "./git.ts";
import { filesOfRevision } from "./revision-files.ts";

/** The changes of the checked-out files in one database since the commit at which they diverged from a revision. */
export interface Changes {
  /** Versions that the revision did not have when the branch diverged from it. */
  readonly added: ReadonlySet<Version>;
  /** Versions that it had with different contents. */
  readonly changed: ReadonlySet<Version>;
}

/** The same, with the present state of the revision. */
export interface Branch extends Changes {
  /** Migrations that were added to the revision in the meantime and are not checked out. */
  readonly others: readonly Migration[];
  readonly problems: readonly VerifyProblem[];
}

/**
 * Compares the project in a directory, including uncommitted changes, with the commit at which it diverged from a revision. The present
 * state of the revision is not read.
 * @throws Failure as `comparisonWith` and `readProject` do
 */
export async function changesSince(
  directory: string,
  project: Project,
  revision: string,
): Promise<(database: string) => Changes> {
  const sides = await sidesSince(directory, project, await comparisonWith(directory, revision));
  return (database) => changesOf(sides(database));
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
  const [sides, atTip] = await Promise.all([
    sidesSince(directory, project, comparison),
    projectAt(directory, { commit: comparison.tip, ...comparison }),
  ]);
  return (database) =>
    branchOf(sides(database), { tip: atTip?.databases.get(database) ?? [], revision });
}

async function sidesSince(
  directory: string,
  project: Project,
  comparison: Comparison,
): Promise<(database: string) => Sides> {
  const [atBase, changedFiles] = await Promise.all([
    projectAt(directory, { commit: comparison.base, ...comparison }),
    changedSince(directory, comparison),
  ]);
  return (database) => ({
    mine: project.databases.get(database) ?? [],
    base: atBase?.databases.get(database) ?? [],
    isChanged: (path) => changedFiles.has(join(project.root, path)),
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
  readonly isChanged: (path: string) => boolean;
}

const versionsOf = (list: readonly Migration[]): ReadonlySet<Version> =>
  new Set(list.map(({ version }) => version));

function changesOf({ mine, base, isChanged }: Sides): Changes {
  const before = versionsOf(base);
  const changed = mine.filter(
    ({ version, up, down }) =>
      before.has(version) && [up, down].some((file) => file && isChanged(file.path)),
  );
  return {
    added: versionsOf(mine.filter(({ version }) => !before.has(version))),
    changed: versionsOf(changed),
  };
}

function branchOf(
  sides: Sides,
  { tip, revision }: { readonly tip: readonly Migration[]; readonly revision: string },
): Branch {
  const { mine, base, isChanged } = sides;
  const { added, changed } = changesOf(sides);
  const [own, before] = [versionsOf(mine), versionsOf(base)];
  return {
    ...{ added, changed },
    others: tip.filter(({ version }) => !before.has(version) && !own.has(version)),
    problems: [
      ...mine
        .filter(({ version, up }) => changed.has(version) && up && isChanged(up.path))
        .map((each) => changedProblem(each, revision)),
      ...sameVersions(
        mine.filter(({ version }) => added.has(version)),
        tip,
        revision,
      ),
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
