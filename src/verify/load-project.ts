import { postgresOnly } from "../engine/project/local-databases.ts";
import {
  readProject,
  refuseNoProject,
  type Migration,
  type Project,
} from "../engine/project/project.ts";
import { unknownDatabase } from "../engine/project/unknown-database.ts";
import { Failure } from "../protocol/failure.ts";
import type { VerifyProblem } from "../protocol/verification.ts";
import type { MetadataDocument } from "../metadata/document/metadata-document.ts";
import { metadataOf, verifyProblem } from "./metadata/metadata-of.ts";
import type { LoadedFile } from "./run/run-file.ts";
import type { LoadedMigration } from "./run/round-trip.ts";

/** A project with the text of every file. */
export interface LoadedProject {
  readonly project: Project;
  readonly databases: ReadonlyMap<string, readonly LoadedMigration[]>;
  /** Absent if the project has none, or if it cannot be read. */
  readonly metadata?: MetadataDocument;
  /** The project has metadata, but it cannot be read. */
  readonly isMetadataUnread: boolean;
  /** About files that Hasura would ignore, and about the metadata. */
  readonly problems: readonly VerifyProblem[];
}

/**
 * Reads a project and its files.
 * @param only the only database to load
 * @throws Failure as `readProject`, `postgresOnly` and reading a file do, and usage/unknown-database
 */
export async function loadProject(
  directory: string,
  only: string | undefined,
): Promise<LoadedProject> {
  const whole = await readProject(directory);
  refuseNoProject(directory, whole);
  const metadata = await metadataOf(whole);
  const metadataProblems = metadata.problems.map(verifyProblem);
  const project = await postgresPart(whole, metadataProblems);
  if (only !== undefined && !project.databases.has(only))
    throw unknownDatabase(only, { in: "the project", names: [...project.databases.keys()] });
  const databases = new Map<string, readonly LoadedMigration[]>();
  for (const [database, migrations] of project.databases)
    if (only === undefined || only === database) databases.set(database, await loadAll(migrations));
  return {
    ...{ project, databases },
    ...(metadata.document && { metadata: metadata.document }),
    isMetadataUnread: !metadata.document && metadataProblems.length > 0,
    problems: [
      ...project.notices.map(({ message }): VerifyProblem => ({
        severity: "warning",
        code: "ignored-file",
        message,
      })),
      ...metadataProblems,
    ],
  };
}

/** Without the databases of other kinds; with all of them if the metadata, which declares the kinds, cannot be read. */
async function postgresPart(whole: Project, metadata: readonly VerifyProblem[]): Promise<Project> {
  const isReadable = metadata.every(({ code }) => code !== "metadata-unreadable");
  if (isReadable) return postgresOnly(whole);
  return postgresOnly(whole).catch((thrown: unknown) => {
    if (thrown instanceof Failure && thrown.code === "bad-project-config") return whole;
    throw thrown;
  });
}

/** Migrations with their files. Metadata migrations of config version 1 are left out. */
export async function loadAll(migrations: readonly Migration[]): Promise<LoadedMigration[]> {
  const loaded: LoadedMigration[] = [];
  for (const { version, name, up, down } of migrations)
    loaded.push({
      ...{ version, name },
      ...(up?.runnable && { up: await loadFile(up) }),
      ...(down?.runnable && { down: await loadFile(down) }),
    });
  return loaded.filter(({ up, down }) => up !== undefined || down !== undefined);
}

async function loadFile(file: NonNullable<Migration["up"]>): Promise<LoadedFile> {
  return { path: file.path, body: await file.body() };
}
