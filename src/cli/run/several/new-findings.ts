import type { LintMigration } from "../../../lint/finding.ts";
import type { LintOptions } from "../../../lint/lint.ts";
import type { PlannedImpact } from "../../output/impact-lines.ts";
import type { LocalMigration, LocalMigrations } from "../../project/image-drift.ts";

/**
 * What `lint` finds in these up files, by path. The other migrations are only read for their tables, and files that
 * cannot be read are left out: the plan says why.
 */
export async function newFindings(
  local: LocalMigrations,
  files: ReadonlySet<string>,
  severities: LintOptions["severities"] = {},
): Promise<ReadonlyMap<string, readonly PlannedImpact[]>> {
  const found = new Map<string, PlannedImpact[]>();
  if (files.size === 0) return found;
  const migrations: LintMigration[] = [];
  for (const [database, list] of local)
    for (const migration of list)
      migrations.push(...(await lintMigration(database, migration, files)));
  const { lint } = await import("../../../lint/lint.ts");
  for (const { file, line, message, rule, severity } of await lint(migrations, {
    // There is no down.sql here to check.
    severities: { ...severities, "missing-down": "off" },
    oneRun: true,
  }))
    if (severity !== "info")
      found.set(file, [...(found.get(file) ?? []), { line, text: `${message} [${rule}]` }]);
  return found;
}

async function lintMigration(
  database: string,
  { up }: LocalMigration,
  files: ReadonlySet<string>,
): Promise<LintMigration[]> {
  if (up?.runnable !== true) return [];
  try {
    const { sql: text } = await up.body();
    return [{ database, up: { path: up.path, text }, isKnown: !files.has(up.path) }];
  } catch {
    return [];
  }
}
