import * as z from "zod";
import { HasuraError } from "./hasura-error.ts";
import type { SourceDocument } from "./metadata-document.ts";
import { SessionPool } from "./pool.ts";
import type { DriverFaults } from "./session.ts";
import type { IsolationLevel } from "./transaction.ts";

/** A database of the environment. It takes precedence over the connection in the metadata of a source with that name. */
export interface LocalSource {
  readonly name: string;
  readonly kind: string;
  readonly url: string;
  readonly isolationLevel?: IsolationLevel;
}

const FromEnv = z.looseObject({ from_env: z.string() });
const Configuration = z.looseObject({
  connection_info: z.looseObject({
    database_url: z.unknown().optional(),
    isolation_level: z.enum(["read-committed", "repeatable-read", "serializable"]).optional(),
  }),
});

/** True for kinds of source that speak Postgres's protocol. */
export const isPostgresFamily = (kind: string): boolean =>
  ["postgres", "pg", "citus", "cockroach", "alloy"].includes(kind);

/** The configuration of an environment's source in the metadata; it never contains the address. */
export function configurationFor(source: LocalSource): object {
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
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #faults: DriverFaults;
  readonly #pools = new Map<string, SessionPool>();

  constructor(
    local: readonly LocalSource[],
    env: Readonly<Record<string, string | undefined>>,
    faults: DriverFaults,
  ) {
    this.#local = new Map(local.map((source) => [source.name, source]));
    this.#env = env;
    this.#faults = faults;
  }

  /** The address, or Hasura's message when there is none. */
  address(source: SourceDocument): { url: string } | { reason: string } {
    const local = this.#local.get(source.name);
    if (local) return { url: local.url };
    const url = Configuration.safeParse(source.configuration).data?.connection_info.database_url;
    if (typeof url === "string") return { url };
    const variable = FromEnv.safeParse(url).data?.from_env;
    if (variable === undefined)
      return { reason: "database_url is missing in the source's configuration" };
    const value = this.#env[variable];
    return value === undefined
      ? { reason: `environment variable '${variable}' not set` }
      : { url: value };
  }

  /** From the metadata, else the environment, else Hasura's default. */
  isolation(source: SourceDocument): IsolationLevel {
    const configured = Configuration.safeParse(source.configuration).data?.connection_info
      .isolation_level;
    return configured ?? this.#local.get(source.name)?.isolationLevel ?? "read-committed";
  }

  /** @throws HasuraError for a source without a usable address */
  pool(source: SourceDocument): SessionPool {
    const found = this.address(source);
    if ("reason" in found)
      throw new HasuraError(
        400,
        "unexpected",
        `source with name "${source.name}" is inconsistent`,
        {
          path: "$.args.source",
          internal: found.reason,
        },
      );
    const known = this.#pools.get(found.url);
    if (known) return known;
    const pool = new SessionPool(found.url, this.#faults);
    this.#pools.set(found.url, pool);
    return pool;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.close()));
  }
}
