import type {
  HasuraCallError,
  CatalogState,
  Hasura,
  InconsistentObject,
  Metadata,
  RunSql,
  SqlResult,
  Source,
} from "../../../src/engine/hasura/client.ts";
import { runSqlBody, type RunSqlBody } from "../../../src/engine/hasura/wire.ts";

/** A Hasura in memory: what it holds, what it was asked, and what it answers to some SQL. */
export interface ScriptedHasura extends Hasura {
  /** Names of the methods called, in order. */
  readonly calls: string[];
  /** Migrations' SQL as it would stand on the wire; questions to `hdb_catalog` are not among it. */
  readonly sent: RunSqlBody[];
  cliState: unknown;
  table: Map<string, boolean> | undefined;
  inconsistent: InconsistentObject[];
  /** Asked before a call takes effect; what it throws is the answer. */
  before: (call: string, detail: unknown) => void | Promise<void>;
  /** Asked after a call took effect; what it throws is the answer. */
  after: (call: string, detail: unknown) => void | Promise<void>;
}

export interface Script {
  readonly sources?: readonly Source[];
  readonly metadataVersion?: number;
  readonly version?: string;
  readonly cliState?: unknown;
  readonly table?: Record<string, boolean> | undefined;
  readonly failSql?: Readonly<Record<string, HasuraCallError>>;
}

const nothing: SqlResult = { columns: [], rows: [] };

export function scriptedHasura(script: Script = {}): ScriptedHasura {
  const {
    sources = [{ name: "default", kind: "postgres" }],
    metadataVersion = 3,
    version = "v2.48.0",
    failSql = {},
  } = script;
  const hasura: ScriptedHasura = {
    calls: [],
    sent: [],
    cliState: script.cliState ?? {},
    table: script.table && new Map(Object.entries(script.table)),
    inconsistent: [],
    before: () => undefined,
    after: () => undefined,
    version: () => call("version", undefined, () => version),
    exportMetadata: () =>
      call("exportMetadata", undefined, (): Metadata => ({ version: metadataVersion, sources })),
    readMetadata: () =>
      call("readMetadata", undefined, () => ({
        resourceVersion: 1,
        document: { version: metadataVersion, sources: sources.map((each) => ({ ...each })) },
        inconsistent: hasura.inconsistent,
      })),
    replaceMetadata: (replacement) => call("replaceMetadata", replacement, () => []),
    catalogState: () => call("catalogState", undefined, () => state()),
    exchangeCatalogState: (next) =>
      call("exchangeCatalogState", next, () => {
        const previous = state();
        hasura.cliState = structuredClone(next);
        return previous;
      }),
    runSql: (request) => call("runSql", request, () => answer(request)),
    inconsistentObjects: () => call("inconsistentObjects", undefined, () => hasura.inconsistent),
    reloadMetadata: (names) => call("reloadMetadata", names, () => hasura.inconsistent),
    reloadAll: (options) => call("reloadAll", options, () => hasura.inconsistent),
  };

  const state = (): CatalogState => ({ id: "server", cliState: structuredClone(hasura.cliState) });

  async function call<T>(name: string, detail: unknown, answering: () => T): Promise<T> {
    hasura.calls.push(name);
    await hasura.before(name, detail);
    const result = answering();
    await hasura.after(name, detail);
    return result;
  }

  function answer(request: RunSql): SqlResult {
    if (request.sql.includes("hdb_catalog")) return tableAnswer(request.sql);
    hasura.sent.push(runSqlBody(request));
    const refusal = failSql[request.sql];
    if (refusal) throw refusal;
    return nothing;
  }

  /** The few statements of `table-store.ts`, no more: another one is an error of the test. */
  function tableAnswer(sql: string): SqlResult {
    if (sql.startsWith("SELECT table_name"))
      return column(hasura.table ? ["schema_migrations", "migration_settings"] : []);
    if (sql.startsWith("SELECT version"))
      return {
        columns: ["version", "dirty"],
        rows: [...(hasura.table ?? [])].map(([v, dirty]) => [v, dirty ? "t" : "f"]),
      };
    if (/^SELECT setting, value .*migration_mode/.test(sql))
      return { columns: ["setting", "value"], rows: [["migration_mode", "true"]] };
    for (const statement of sql.split(";").map((it) => it.trim())) change(statement);
    return nothing;
  }

  function change(statement: string): void {
    if (statement.startsWith("CREATE TABLE")) hasura.table ??= new Map<string, boolean>();
    else if (statement.startsWith("INSERT INTO hdb_catalog.migration_settings") || statement === "")
      return;
    else {
      const added = /^INSERT INTO hdb_catalog\.schema_migrations .*VALUES \((\d+), 'false'\)/.exec(
        statement,
      )?.[1];
      const gone = /^DELETE FROM hdb_catalog\.schema_migrations WHERE version = (\d+)$/.exec(
        statement,
      )?.[1];
      if (!hasura.table || (added === undefined && gone === undefined))
        throw new Error(`unexpected statement: ${statement}`);
      if (added !== undefined) hasura.table.set(added, false);
      if (gone !== undefined) hasura.table.delete(gone);
    }
  }

  return hasura;
}

function column(values: string[]): SqlResult {
  return { columns: ["value"], rows: values.map((value) => [value]) };
}
