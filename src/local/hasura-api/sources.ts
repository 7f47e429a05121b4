import type { Json, JsonMap } from "../../metadata/document/json.ts";
import { isJson } from "../../protocol/json-object.ts";
import { parseJson } from "../../protocol/json.ts";
import { invalidQueries, type QueryRunner } from "./database/invalid-queries.ts";
import { readDatabase } from "./database/read-database.ts";
import { HasuraError } from "./hasura-error.ts";
import { enumTables, mapAt, textAt, type SourceDocument } from "./metadata-document.ts";
import { SessionPool } from "./pool.ts";
import type { DatabaseState } from "./schema-cache/build-cache.ts";
import {
  environmentValue,
  renderTemplate,
  type Environment,
} from "./schema-cache/environment-values.ts";
import { NotBuilt } from "./schema-cache/inconsistency.ts";
import type { DriverFaults, PgSession } from "./session.ts";
import { isPostgresFamily } from "./source-kind.ts";
import { runText, type IsolationLevel } from "./transaction.ts";

/** A database of the environment. It takes precedence over the connection in the metadata of a source with that name. */
export interface LocalSource {
  readonly name: string;
  readonly kind: string;
  readonly url: string;
  readonly isolationLevel?: IsolationLevel;
}

const isolationLevels: readonly IsolationLevel[] = [
  "read-committed",
  "repeatable-read",
  "serializable",
];

/** The configuration of an environment's source in the metadata; it never contains the address. */
export function configurationFor(source: LocalSource): JsonMap {
  const variable =
    source.name === "default"
      ? "HASURA_GRAPHQL_DATABASE_URL"
      : `${source.name.toUpperCase().replaceAll(/[^A-Z0-9]+/g, "_")}_DATABASE_URL`;
  return {
    connection_info: {
      database_url: { from_env: variable },
      isolation_level: source.isolationLevel ?? "read-committed",
      use_prepared_statements: false,
    },
  };
}

/** The connection pools of all sources. They are kept by address, so that a metadata reload does not close them. */
export class Sources {
  readonly #local: ReadonlyMap<string, LocalSource>;
  readonly #env: Environment;
  readonly #faults: DriverFaults;
  readonly #pools = new Map<string, SessionPool>();

  constructor(local: readonly LocalSource[], env: Environment, faults: DriverFaults) {
    this.#local = new Map(local.map((source) => [source.name, source]));
    this.#env = env;
    this.#faults = faults;
  }

  /** From the metadata, else the environment, else Hasura's default. */
  isolation(source: SourceDocument): IsolationLevel {
    const configured = connectionOf(source)["isolation_level"];
    return (
      isolationLevels.find((level) => level === configured) ??
      this.#local.get(source.name)?.isolationLevel ??
      "read-committed"
    );
  }

  /** @throws HasuraError for a source without a usable address */
  pool(source: SourceDocument): SessionPool {
    try {
      return this.#poolAt(this.#address(source));
    } catch (thrown) {
      if (!(thrown instanceof NotBuilt)) throw thrown;
      throw new HasuraError(
        400,
        "unexpected",
        `source with name "${source.name}" is inconsistent`,
        { path: "$.args.source", internal: thrown.message, cause: thrown },
      );
    }
  }

  /** Reads the schema of a source's database. */
  async readDatabase(source: SourceDocument): Promise<DatabaseState> {
    if (!isPostgresFamily(source.kind)) return { kind: "unchecked" };
    try {
      const pool = this.#poolAt(this.#address(source));
      const schema = await pool.use(async (session) => ({
        ...(await readDatabase(session, enumTables(source))),
        invalidQueries: await invalidQueries(source, queryRunner(session)),
      }));
      return { kind: "read", schema };
    } catch (thrown) {
      if (thrown instanceof NotBuilt) return { kind: "unreachable", reason: thrown.message };
      if (!(thrown instanceof HasuraError)) throw thrown;
      const detail = typeof thrown.internal === "string" ? { detail: thrown.internal } : {};
      return { kind: "unreachable", reason: thrown.message, ...detail };
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.close()));
  }

  #poolAt(url: string): SessionPool {
    const known = this.#pools.get(url);
    if (known) return known;
    const pool = new SessionPool(url, this.#faults);
    this.#pools.set(url, pool);
    return pool;
  }

  /** @throws NotBuilt with Hasura's reason when there is none */
  #address(source: SourceDocument): string {
    const local = this.#local.get(source.name);
    if (local) return local.url;
    const url: Json | undefined = connectionOf(source)["database_url"];
    if (typeof url === "string") return renderTemplate(url, this.#env);
    const variable = textAt(mapAt({ url: url ?? null }, "url"), "from_env");
    if (variable === "")
      throw new NotBuilt("database_url is missing in the source's configuration");
    return environmentValue(variable, this.#env);
  }
}

function queryRunner(session: PgSession): QueryRunner {
  return {
    ask: async (sql) => {
      const { result } = await runText(session, sql, "statement");
      return parseJson(result?.[1]?.[0] ?? "null");
    },
    detailOf: (thrown) => {
      const isRefused = thrown instanceof HasuraError && thrown.status === 400;
      if (!isRefused || !isJson(thrown.internal)) throw thrown;
      return thrown.internal;
    },
  };
}

const connectionOf = (source: SourceDocument): JsonMap =>
  mapAt(mapAt(source, "configuration"), "connection_info");
