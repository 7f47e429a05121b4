import { join } from "node:path";
import type { DatabaseStatus } from "../../protocol/status-rows.ts";
import { compareVersions, type Version } from "../../protocol/migration.ts";
import type { Project } from "../../engine/project/project.ts";
import type { CopiedFile, CopiedProject } from "./workspace.ts";

/**
 * A row of the CLI's table: version, name, whether there is a file, whether it is recorded
 * (docs/internals/hasura-protocol.md, "Messages").
 */
const row = /^(\d+)\s.*\s(?:Present|Not Present)\s{2,}(Present|Not Present)\s*$/;

/** The versions that the table of `migrate status` shows as recorded in the database. */
export function recordedIn(table: string): Set<Version> {
  return new Set(
    table.split(/\r?\n/).flatMap((line) => {
      const [, version, recorded] = row.exec(line) ?? [];
      return version !== undefined && recorded === "Present" ? [version] : [];
    }),
  );
}

/** Versions for which our own status and the official CLI's table differ, in order. */
export function differences({ migrations }: DatabaseStatus, table: string): Version[] {
  const ours = new Set(
    migrations.filter(({ state }) => state !== "pending").map(({ version }) => version),
  );
  const theirs = recordedIn(table);
  return [...new Set([...ours, ...theirs])]
    .filter((version) => ours.has(version) !== theirs.has(version))
    .sort(compareVersions);
}

/** A copy with every file of one database. */
export function wholeProject(project: Project, database: string): CopiedProject {
  const files = (project.databases.get(database) ?? []).flatMap(
    ({ version, name, up, down }): CopiedFile[] => [
      ...(up
        ? [{ version, name, direction: "up" as const, from: join(project.root, up.path) }]
        : []),
      ...(down
        ? [{ version, name, direction: "down" as const, from: join(project.root, down.path) }]
        : []),
    ],
  );
  return { configVersion: project.configVersion, database, files };
}
