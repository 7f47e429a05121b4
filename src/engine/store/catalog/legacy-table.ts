import * as z from "zod";
import { Failure } from "../../../protocol/failure.ts";
import { Version } from "../../../protocol/migration.ts";
import { HasuraCallError, type Hasura, type SqlResult } from "../../hasura/client.ts";
import { quoteLiteral, versionNumber } from "../../sql/quote.ts";
import {
  generationSetting,
  type StateChange,
  type StoredVersions,
  type VersionStore,
} from "./version-store.ts";

/*
 * The tables of config versions 1 and 2, in the source database itself
 * (docs/internals/hasura-protocol.md, "The table store of config versions 1 and 2"). As in the
 * official CLI, no `source` is sent and the schema cache is not reloaded.
 */

/*
 * Operators of pg_catalog, named as such: pg_catalog has none for the types of information_schema,
 * and one that another role defined in public would be called.
 */
const tablesSql = `SELECT table_name FROM information_schema.tables WHERE table_schema::pg_catalog.text OPERATOR(pg_catalog.=) 'hdb_catalog' AND table_name::pg_catalog.text OPERATOR(pg_catalog.=) ANY (ARRAY['schema_migrations', 'migration_settings']::pg_catalog.text[])`;
const versionsSql = "SELECT version, dirty FROM hdb_catalog.schema_migrations";
const settingsSql = `SELECT setting, value FROM hdb_catalog.migration_settings WHERE setting OPERATOR(pg_catalog.=) ANY (ARRAY['migration_mode', '${generationSetting}'])`;
const createSql = [
  "CREATE TABLE IF NOT EXISTS hdb_catalog.schema_migrations (version bigint not null primary key, dirty boolean not null)",
  "CREATE TABLE IF NOT EXISTS hdb_catalog.migration_settings (setting text not null primary key, value text not null)",
  "INSERT INTO hdb_catalog.migration_settings (setting, value) VALUES ('migration_mode', 'true') ON CONFLICT DO NOTHING",
];

/** Versions in `hdb_catalog.schema_migrations`, created on the first write. */
export function tableStore(hasura: Hasura): VersionStore {
  const run = (sql: string): Promise<SqlResult> => hasura.runSql({ kind: "postgres", sql });
  const tables = async (): Promise<string[]> => firstColumn(await run(tablesSql));
  let complete: boolean | undefined;
  let disabled = false;
  let generation: bigint | undefined;
  return {
    read: async () => {
      const present = await tables();
      const has = (name: string): boolean => present.includes(name);
      complete = has("schema_migrations") && has("migration_settings");
      const [rows, settings] = await Promise.all([
        has("schema_migrations")
          ? run(versionsSql).then(readVersions)
          : new Map<Version, { dirty: boolean }>(),
        has("migration_settings")
          ? run(settingsSql).then(
              (result) => new Map(result.rows.map(([name, value]) => [name, value])),
            )
          : new Map<string, string>(),
      ]);
      const mode = settings.get("migration_mode");
      const stored = settings.get(generationSetting);
      disabled = typeof mode === "string" && mode !== "true";
      generation = stored && /^\d+$/.test(stored) ? BigInt(stored) : undefined;
      return rows;
    },
    disabled: () => disabled,
    generation: () => generation,
    write: async (changes) => {
      complete ??= (await tables()).length === 2;
      await run([...(complete ? [] : createSql), ...changes.map(changeSql)].join(";\n") + ";");
      complete = true;
      for (const change of changes)
        if ("generation" in change) generation = BigInt(change.generation);
    },
  };
}

/**
 * The rows of a database's old table, for the one-time copy (docs/internals/hasura-protocol.md,
 * "The one-time copy of old state"); undefined where there is none or it cannot be queried.
 */
export async function readTable(
  hasura: Hasura,
  source: string,
): Promise<StoredVersions | undefined> {
  const run = (sql: string): Promise<SqlResult> => hasura.runSql({ kind: "postgres", sql, source });
  try {
    if (!firstColumn(await run(tablesSql)).includes("schema_migrations")) return undefined;
    return readVersions(await run(versionsSql));
  } catch (error) {
    // The official CLI takes any error for "no table". Here only a refusal counts, not a lost
    // answer.
    if (error instanceof HasuraCallError && error.outcome === "rejected" && error.status === 400)
      return undefined;
    throw error;
  }
}

function changeSql(change: StateChange): string {
  if ("generation" in change) {
    return `INSERT INTO hdb_catalog.migration_settings (setting, value) VALUES ('${generationSetting}', ${quoteLiteral(change.generation)}) ON CONFLICT (setting) DO UPDATE SET value = excluded.value`;
  }
  const number = versionNumber(change.version);
  return change.to === "applied"
    ? `INSERT INTO hdb_catalog.schema_migrations (version, dirty) VALUES (${number}, 'false') ON CONFLICT(version) DO UPDATE SET dirty='false'`
    : `DELETE FROM hdb_catalog.schema_migrations WHERE version = ${number}`;
}

const Row = z.tuple([Version, z.enum(["t", "f", "true", "false", "1", "0"])]);

function readVersions(result: SqlResult): Map<Version, { dirty: boolean }> {
  return new Map(
    result.rows.map((row) => {
      const parsed = Row.safeParse(row);
      if (!parsed.success) {
        throw new Failure(
          "migration",
          "migration-table-unreadable",
          "The table hdb_catalog.schema_migrations contains a row that is not a migration.",
          { cause: parsed.error },
        );
      }
      return [parsed.data[0], { dirty: ["t", "true", "1"].includes(parsed.data[1]) }];
    }),
  );
}

function firstColumn(result: SqlResult): string[] {
  return result.rows.map((row) => row[0] ?? "");
}
