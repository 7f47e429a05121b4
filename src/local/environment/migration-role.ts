import { createHmac } from "node:crypto";
import type pg from "pg";
import { quoteIdentifier, quoteLiteral } from "../../engine/sql/quote.ts";

/**
 * The role that migrations run as. It owns its databases and is not a superuser, so that SQL of a foreign repository can
 * neither run programs nor read files on this machine. Dumps often name this role as the owner of everything.
 */
export const migrationRole = "postgres";

/** What the role is allowed to be. */
export interface RoleOptions {
  /** Runs migrations as a superuser (`local --superuser`). */
  readonly superuser: boolean;
}

/**
 * Creates the role, or gives it the chosen rights.
 * @param client of the server's superuser
 * @param password see `migrationRolePassword`
 */
export async function prepareRole(
  client: pg.Client,
  password: string,
  { superuser }: RoleOptions,
): Promise<void> {
  const role = quoteIdentifier(migrationRole);
  const known = await client.query("SELECT FROM pg_roles WHERE rolname = $1", [migrationRole]);
  if (known.rows.length === 0) await client.query(`CREATE ROLE ${role}`);
  const version = await majorVersion(client);
  // Before 16, whoever may create roles may also grant them the right to run programs.
  const createRole = version >= 16 ? "CREATEROLE" : "NOCREATEROLE";
  await client.query(
    `ALTER ROLE ${role} LOGIN CREATEDB ${createRole} ${superuser ? "SUPERUSER" : "NOSUPERUSER"} PASSWORD ${quoteLiteral(password)}`,
  );
  // Data migrations switch triggers off with it.
  if (version >= 15)
    await client.query(`GRANT SET ON PARAMETER session_replication_role TO ${role}`);
}

/** A password that leads back to no other one. */
export function migrationRolePassword(superuserPassword: string): string {
  return createHmac("sha256", superuserPassword).update(migrationRole).digest("base64url");
}

async function majorVersion(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ version: number }>(
    "SELECT current_setting('server_version_num')::int / 10000 AS version",
  );
  return rows[0]?.version ?? 0;
}

/** Contrib modules that are not marked as trusted, whose functions give no access to the machine. */
const harmlessExtensions = [
  ...["amcheck", "autoinc", "bloom", "dblink", "earthdistance", "insert_username", "intagg"],
  ...["moddatetime", "pg_buffercache", "pg_freespacemap", "pg_prewarm", "pg_stat_statements"],
  ...["pg_visibility", "pgrowlocks", "pgstattuple", "postgres_fdw", "refint", "sslinfo"],
];

/**
 * Lets the role install the extensions that the server ships. While such a statement runs, and only in its transaction, the
 * role is a superuser; whatever it installed beyond the list is refused, which undoes everything.
 * @param client of the server's superuser, in one database of the role
 */
export async function prepareExtensions(
  client: pg.Client,
  { superuser }: RoleOptions,
): Promise<void> {
  await client.query(extensionTriggers);
  const state = superuser ? "DISABLE" : "ENABLE ALWAYS";
  for (const name of ["hasura_migrate_local_begin", "hasura_migrate_local_end"])
    await client.query(`ALTER EVENT TRIGGER ${name} ${state}`);
}

const role = quoteIdentifier(migrationRole);
const roleName = quoteLiteral(migrationRole);

const extensionTriggers = `BEGIN;
SET LOCAL client_min_messages TO warning;
SELECT pg_advisory_xact_lock(hashtextextended('hasura-migrate local: extensions', 0));
CREATE SCHEMA IF NOT EXISTS hasura_migrate_local;
CREATE OR REPLACE FUNCTION hasura_migrate_local.begin_extension() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
  IF session_user::text OPERATOR(pg_catalog.=) ${roleName}::text THEN
    -- The role belongs to all databases: in two of them at once, the second ALTER ROLE would fail.
    LOCK TABLE pg_catalog.pg_authid IN SHARE UPDATE EXCLUSIVE MODE;
    ALTER ROLE ${role} SUPERUSER;
  END IF;
END
$body$;
CREATE OR REPLACE FUNCTION hasura_migrate_local.end_extension() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
  refused text;
BEGIN
  IF session_user::text OPERATOR(pg_catalog.<>) ${roleName}::text THEN
    RETURN;
  END IF;
  ALTER ROLE ${role} NOSUPERUSER;
  SELECT e.extname INTO refused FROM pg_extension e JOIN pg_roles r ON r.oid = e.extowner
  WHERE r.rolname = ${roleName}
    AND e.extname <> ALL (ARRAY[${harmlessExtensions.map(quoteLiteral).join(", ")}]::name[])
    AND NOT EXISTS (
      SELECT FROM pg_available_extension_versions v
      WHERE v.name = e.extname AND v.version = e.extversion AND v.trusted
    )
  LIMIT 1;
  IF refused IS NOT NULL THEN
    RAISE insufficient_privilege USING
      MESSAGE = format('permission denied to create extension %I', refused),
      HINT = 'It gives access to this machine. If you trust these migrations, run the same command with --superuser.';
  END IF;
END
$body$;
DO $body$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_event_trigger WHERE evtname = 'hasura_migrate_local_begin') THEN
    CREATE EVENT TRIGGER hasura_migrate_local_begin ON ddl_command_start WHEN TAG IN ('CREATE EXTENSION')
      EXECUTE FUNCTION hasura_migrate_local.begin_extension();
    CREATE EVENT TRIGGER hasura_migrate_local_end ON ddl_command_end WHEN TAG IN ('CREATE EXTENSION')
      EXECUTE FUNCTION hasura_migrate_local.end_extension();
  END IF;
END
$body$;
COMMIT`;
