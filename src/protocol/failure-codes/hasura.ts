import type { FailureCodeEntries } from "./entry.ts";

/** Codes of failures that concern Hasura and its databases. */
export const hasuraCodes = {
  "catalog-contended": {
    kinds: ["busy"],
    meaning: "Another tool kept changing Hasura's catalog state while this run tried to write it.",
    causes: [
      "The Hasura CLI, the Console or another pipeline is migrating or marking versions at the same time.",
    ],
    remedies: ["Let the other tool finish, then run the same command again."],
  },
  "catalog-state-unreadable": {
    kinds: ["migration"],
    meaning: "Hasura's catalog state does not have the format that the Hasura CLI writes.",
    causes: ["A script or another tool wrote the state by hand."],
    remedies: [
      "Read the document with the metadata API request `get_catalog_state`; the message names the part that is wrong.",
      "Correct it with `set_catalog_state`. The Hasura CLI stops for the same reason.",
    ],
  },
  "database-unreachable": {
    kinds: ["unreachable"],
    meaning: "The database given with `--database-url` could not be reached.",
    causes: ["The server is not running.", "The host, port, user or password is wrong."],
    remedies: [
      "Try the same address with psql: `psql postgres://USER@HOST/DATABASE -c 'select 1'`.",
    ],
  },
  "foreign-hdb-catalog": {
    kinds: ["usage"],
    meaning:
      "The database given with `--database-url` belongs to a real Hasura server; nothing was written.",
    causes: ["The database has a schema `hdb_catalog` that `hasura-migrate local` did not create."],
    remedies: [
      "Use an empty database: `createdb scratch`, then `--database-url postgres://USER@HOST/scratch`.",
      "Or omit `--database-url` to use the embedded database.",
    ],
  },
  "gateway-error": {
    kinds: ["unreachable"],
    meaning: "A gateway in front of Hasura responded with a server error.",
    causes: [
      "Hasura is down or not healthy, so the load balancer has no target.",
      "The request took longer than the load balancer's idle timeout.",
    ],
    remedies: [
      "Check the load balancer's targets and Hasura's own log.",
      "Reach Hasura without the load balancer, or raise its idle timeout; see [deploying](deploying.md#a-load-balancer-that-cuts-at-60-seconds).",
      "Run the same command again; with a ledger nothing is applied twice.",
    ],
  },
  "hasura-error": {
    kinds: ["unreachable"],
    meaning: "Hasura responded with an error that has nothing to do with a migration's SQL.",
    causes: [
      "Hasura cannot reach its metadata database.",
      "A request is not supported by this version of Hasura.",
    ],
    remedies: ["Read Hasura's message in the failure, and Hasura's own log around that time."],
  },
  "hasura-refused": {
    kinds: ["migration"],
    meaning: "Hasura refused the request that carries a migration, before the database saw it.",
    causes: ["The source is inconsistent or not connected in Hasura's metadata."],
    remedies: [
      "Read Hasura's message in the failure.",
      "Look at the inconsistent metadata in the Console, or with the metadata API request `get_inconsistent_metadata`.",
    ],
  },
  "hasura-unreachable": {
    kinds: ["unreachable"],
    meaning: "The function could not connect to Hasura; nothing was sent.",
    causes: [
      "Hasura is not running, or was still starting after a minute.",
      "Hasura's security group does not allow traffic from the function, or the subnets have no route to it.",
      "The host or port in `HASURA_MIGRATE_ENDPOINT` is wrong.",
    ],
    remedies: [
      "Check that Hasura is up, and that `HASURA_MIGRATE_ENDPOINT` has its address and port inside the VPC.",
      "Check that Hasura's security group allows traffic from the stack's output `SecurityGroupId` on that port.",
    ],
  },
  "migration-mode-disabled": {
    kinds: ["usage"],
    meaning: "Migrations are disabled in this Hasura server's catalog state.",
    causes: ["Someone set `migration_mode` to `false` with the Hasura CLI or the Console."],
    remedies: [
      'Set `migration_mode` back to `"true"` with the metadata API request `set_catalog_state`.',
    ],
  },
  "migration-table-unreadable": {
    kinds: ["migration"],
    meaning:
      "The table `hdb_catalog.schema_migrations` of an older project has a row that is not a migration.",
    causes: ["The table was edited by hand."],
    remedies: [
      "Run `TABLE hdb_catalog.schema_migrations` in `hasura-migrate sql` or another client to find the row, then correct it in a database client.",
    ],
  },
  "needs-postgres": {
    kinds: ["usage"],
    meaning: "`locks` and `sql` work with PostgreSQL databases only.",
    causes: ["The database given with `--database` is of another kind, such as SQL Server."],
    remedies: ["Choose a PostgreSQL database with `--database NAME`."],
  },
  "not-hasura": {
    kinds: ["unreachable"],
    meaning: "The address in `HASURA_MIGRATE_ENDPOINT` responds with 404 instead of Hasura's API.",
    causes: [
      "The address has a path such as `/v1/graphql`, or points to a different service.",
      "An API of this Hasura server is disabled (`HASURA_GRAPHQL_ENABLED_APIS` without `metadata`).",
    ],
    remedies: [
      "Set `HASURA_MIGRATE_ENDPOINT` to Hasura's own address, without a path, for instance `http://hasura.internal:8080`.",
    ],
  },
  "unsupported-kind": {
    kinds: ["usage"],
    meaning:
      "Databases of this kind cannot be migrated through Hasura's `run_sql`, or cannot be used in a local environment.",
    causes: [
      "There are migrations for a source of a kind such as MySQL or Snowflake.",
      "A `local` environment supports only PostgreSQL, but the project's metadata declares a different kind for the database.",
    ],
    remedies: [
      "Remove that database's migrations from the project, or migrate another database with `--database NAME`.",
    ],
  },
} as const satisfies FailureCodeEntries;
