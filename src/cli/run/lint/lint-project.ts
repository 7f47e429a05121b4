import {
  readProject,
  refuseNoProject,
  type Migration,
  type Project,
} from "../../../engine/project/project.ts";
import { unknownDatabase } from "../../../engine/project/unknown-database.ts";
import type { LintFile, LintMigration } from "../../../lint/finding.ts";
import type { LintOptions } from "../../../lint/lint.ts";
import { Failure } from "../../../protocol/failure.ts";

/** The migrations of a project to check. */
export interface LintSelection {
  readonly database: string | undefined;
  readonly since: string | undefined;
}

/** What `lint` checks. */
export interface ProjectForLint extends Required<Pick<LintOptions, "usesOf" | "metadataFaults">> {
  readonly migrations: readonly LintMigration[];
}

/**
 * Reads a project for `lint`. With `since`, those that are also in the Git revision are read but not checked.
 * @throws Failure as `readProject` does; usage/no-project, usage/unknown-database, usage/git-unusable, usage/unknown-revision, usage/no-common-commit
 */
export async function readForLint(
  directory: string,
  { database, since }: LintSelection,
): Promise<ProjectForLint> {
  const project = await readProject(directory);
  refuseNoProject(directory, project);
  const knownIn = await knownSince(directory, project, since);
  const migrations: LintMigration[] = [];
  for (const [name, list] of chosenDatabases(project, database)) {
    const isKnown = knownIn(name);
    for (const migration of list)
      migrations.push({
        database: name,
        ...(await filesOf(migration)),
        isKnown: isKnown(migration),
      });
  }
  const { metadataForLint } = await import("../../../verify/metadata/uses.ts");
  return { migrations, ...(await metadataForLint(project)) };
}

function chosenDatabases(
  { databases }: Project,
  chosen: string | undefined,
): (readonly [string, readonly Migration[]])[] {
  if (chosen === undefined) return [...databases];
  const migrations = databases.get(chosen);
  if (migrations !== undefined) return [[chosen, migrations]];
  throw unknownDatabase(chosen, { in: "the project", names: [...databases.keys()] });
}

/** For a database, whether the revision has a migration unchanged. */
type KnownIn = (database: string) => (migration: Migration) => boolean;

async function knownSince(
  directory: string,
  project: Project,
  since: string | undefined,
): Promise<KnownIn> {
  if (since === undefined) return () => () => false;
  const { changesSince } = await import("../../../verify/git/branch.ts");
  const changesIn = await changesSince(directory, project, since);
  return (database) => {
    const { added, changed } = changesIn(database);
    return ({ version }) => !added.has(version) && !changed.has(version);
  };
}

async function filesOf({ up, down }: Migration): Promise<Pick<LintMigration, "up" | "down">> {
  const [upFile, downFile] = await Promise.all([up, down].map(lintFile));
  return { ...(upFile && { up: upFile }), ...(downFile && { down: downFile }) };
}

/** A file that cannot be sent to Hasura has a problem instead of a text. Metadata migrations (.yaml) are left out. */
async function lintFile(file: Migration["up"]): Promise<LintFile | undefined> {
  if (!file?.runnable) return undefined;
  try {
    return { path: file.path, text: (await file.body()).sql };
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    return { path: file.path, text: "", problem: thrown.message };
  }
}
