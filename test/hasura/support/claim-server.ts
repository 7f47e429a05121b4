import * as z from "zod";
import {
  bodyOf,
  ErrorBody,
  hasuraRequests,
  type HasuraRequests,
  type ServerAddress,
} from "./request.ts";
import { exportMetadata, replaceTables } from "./metadata.ts";

/** The server under test, and what tests have to know of it before they begin. Travels to the workers as data. */
export interface HasuraServer extends ServerAddress {
  /** The source whose database the tests use. */
  readonly source: string;
  /** As `/v1/version` answers it. */
  readonly version: string;
  /** Error bodies come without `internal`, so no SQLSTATE can be seen. */
  readonly hidesInternals: boolean;
}

/** Schemas and roles that the tests make begin with this. */
export const namePrefix = "hasura_migrate_test_";
/** Who runs migrations here, as the ledger records it. */
export const testUser = "hasura-migrate tests";
/** Versions of the tests: 18 digits, while a time in milliseconds has 13. */
const ownVersion = /^9000000000000\d{5}$/;

/** The n-th version that these tests may record. */
export function versionAt(n: number): string {
  return String(900_000_000_000_000_000n + BigInt(n));
}

/** Asks what a server is. Throws where the source is missing or of another kind than PostgreSQL. */
export async function inspectServer(
  address: ServerAddress & { source: string },
): Promise<HasuraServer> {
  const requests = hasuraRequests(address);
  const { version } = z
    .object({ version: z.string() })
    .parse(bodyOf(await requests.get("/v1/version")));
  const { metadata } = await exportMetadata(requests);
  const source = metadata.sources.find(({ name }) => name === address.source);
  if (source?.kind !== "postgres") {
    const found = metadata.sources.map(({ name, kind }) => `${name} (${kind})`).join(", ");
    throw new Error(
      `HASURA_TEST_SOURCE: ${address.endpoint} has no PostgreSQL source "${address.source}". It has: ${found || "none"}.`,
    );
  }
  const failed = ErrorBody.parse((await requests.sql("SELECT 1/0")).body);
  return { ...address, version, hidesInternals: failed.internal === undefined };
}

/**
 * Removes what an interrupted run of these tests has left behind. Throws, having changed nothing, for a server whose
 * migration state is not theirs: they install and drop the ledger, and write the catalog state.
 */
export async function claimServer(server: HasuraServer): Promise<void> {
  const requests = hasuraRequests(server);
  const found = [
    ...(await recordedInCatalog(requests)),
    ...(await recordedInLegacyTable(requests)),
    ...(await recordedInLedger(requests)),
  ];
  if (found.length > 0) {
    throw new Error(
      `${server.endpoint} holds the state of other migrations (${found.slice(0, 3).join("; ")}). These tests change migration state: name a server that was made for them.`,
    );
  }
  await removeLeftovers(server, requests);
}

const State = z.object({
  cli_state: z.looseObject({
    migrations: z.record(z.string(), z.record(z.string(), z.unknown())).optional(),
    settings: z.record(z.string(), z.unknown()).optional(),
  }),
});
export type CliState = z.infer<typeof State>["cli_state"];

/** The catalog state that tools for migrations share. */
export async function readCliState(requests: HasuraRequests): Promise<CliState> {
  return State.parse(bodyOf(await requests.metadata("get_catalog_state"))).cli_state;
}

/** Replaces that state. */
export async function writeCliState(requests: HasuraRequests, state: CliState): Promise<void> {
  bodyOf(await requests.metadata("set_catalog_state", { type: "cli", state }));
}

async function recordedInCatalog(requests: HasuraRequests): Promise<string[]> {
  const { migrations = {} } = await readCliState(requests);
  return Object.entries(migrations).flatMap(([database, versions]) =>
    Object.keys(versions)
      .filter((version) => !ownVersion.test(version))
      .map((version) => `${version} in the catalog state of ${database}`),
  );
}

async function recordedInLegacyTable(requests: HasuraRequests): Promise<string[]> {
  if (!(await exists(requests, "hdb_catalog.schema_migrations"))) return [];
  const rows = await requests.rows("SELECT version FROM hdb_catalog.schema_migrations");
  return rows
    .flatMap(([version]) => (version && !ownVersion.test(version) ? [version] : []))
    .map((version) => `${version} in hdb_catalog.schema_migrations`);
}

async function recordedInLedger(requests: HasuraRequests): Promise<string[]> {
  if (!(await exists(requests, "hasura_migrate.head"))) return [];
  const rows = await requests.rows(
    `SELECT 'a run of ' || (actor ->> 'user') FROM hasura_migrate.run WHERE actor ->> 'user' <> '${testUser}'
     UNION ALL SELECT version::text FROM hasura_migrate.migration WHERE version::text !~ '${ownVersion.source}'`,
  );
  return rows.map(([what]) => `${what ?? ""} in the ledger`);
}

async function exists(requests: HasuraRequests, table: string): Promise<boolean> {
  return (await requests.value(`SELECT to_regclass('${table}') IS NOT NULL`)) === "t";
}

async function removeLeftovers(server: HasuraServer, requests: HasuraRequests): Promise<void> {
  const state = await readCliState(requests);
  const cleaned = withoutOwnState(state, server.source);
  if (JSON.stringify(cleaned) !== JSON.stringify(state)) await writeCliState(requests, cleaned);
  await replaceTables(requests, server.source, (tables) =>
    tables.filter(({ table }) => !table.schema.startsWith(namePrefix)),
  );
  await requests.rows("DROP SCHEMA IF EXISTS hasura_migrate CASCADE");
  const schemas = await requests.rows(
    `SELECT nspname FROM pg_namespace WHERE starts_with(nspname, '${namePrefix}')`,
  );
  for (const [schema] of schemas) await requests.rows(`DROP SCHEMA ${schema ?? ""} CASCADE`);
}

/** Without the versions of these tests, and without the ledger's generation for their source. */
function withoutOwnState(state: CliState, source: string): CliState {
  const { migrations, settings } = state;
  const generations = z
    .record(z.string(), z.string())
    .safeParse(parsed(settings?.["hasura_migrate"])).data;
  return {
    ...state,
    ...(migrations && {
      migrations: Object.fromEntries(
        Object.entries(migrations).map(([database, versions]) => [
          database,
          without(versions, (version) => ownVersion.test(version)),
        ]),
      ),
    }),
    ...(settings &&
      generations && {
        settings: {
          ...settings,
          hasura_migrate: JSON.stringify(without(generations, (database) => database === source)),
        },
      }),
  };
}

function without<T>(
  record: Readonly<Record<string, T>>,
  isOurs: (key: string) => boolean,
): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([key]) => !isOurs(key)));
}

function parsed(text: unknown): unknown {
  try {
    return typeof text === "string" ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}
