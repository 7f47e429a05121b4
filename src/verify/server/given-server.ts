import { randomBytes } from "node:crypto";
import pg from "pg";
import { withClient, withoutSecrets } from "../../local/hasura-api/with-client.ts";
import { Failure } from "../../protocol/failure.ts";
import { retryHint, textHint } from "../../protocol/hint.ts";
import { availableExtensions, dropRoles, rolesOf } from "./server-objects.ts";
import { prepareHasura } from "./prepare-hasura.ts";
import type { ScratchServer } from "./scratch.ts";
import { addressOf, refuseOtherDatabase, Sessions } from "./sessions.ts";

/**
 * A server given by the user, on which only databases created here are used. The database in the address is only connected to.
 * `throwaway`: nobody else uses the server, so new roles belong to the migrations.
 * @throws Failure unreachable/database-unreachable, usage/database-refused
 */
export async function useGivenServer(
  { url, throwaway }: { readonly url: string; readonly throwaway: boolean },
  signal: AbortSignal,
): Promise<ScratchServer> {
  const description = await describe(url);
  const foreign = new Set(throwaway ? await rolesOf(url) : []);
  const sessions = new Sessions(signal);
  const made = new Set<string>();
  const admin = (work: (client: pg.Client) => Promise<void>): Promise<void> =>
    withClient(url, work);
  const drop = (database: string): Promise<void> =>
    admin(async (client) => {
      await client.query(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`);
      made.delete(database);
    });
  return {
    description,
    isOwn: throwaway,
    lost: () => sessions.lost,
    create: async (template) => {
      const name = `hasura_migrate_verify_${randomBytes(6).toString("hex")}`;
      made.add(name);
      await admin((client) => createDatabase(client, { name, template, url }));
      if (template === undefined)
        await withClient(addressOf(url, name), async (client) => {
          await refuseOtherDatabase(client, name);
          await prepareHasura(client);
        });
      return name;
    },
    drop,
    connect: (database) => sessions.open(url, database),
    observe: (database) => sessions.open(url, database),
    roles: async () => (throwaway ? (await rolesOf(url)).filter((name) => !foreign.has(name)) : []),
    dropRoles: (names) => dropRoles(url, names),
    extensions: () => availableExtensions(url),
    stop: async () => {
      for (const database of [...made]) await drop(database);
    },
  };
}

async function describe(url: string): Promise<string> {
  let version = "";
  await withClient(url, async (client) => {
    const { rows } = await client.query<{ server_version: string }>("SHOW server_version");
    version = rows[0]?.server_version.split(" ")[0] ?? "";
  });
  return `PostgreSQL ${version} at ${withoutSecrets(url)}`;
}

/** `template0` does not contain objects that were added to the server's default template. */
async function createDatabase(
  client: pg.Client,
  created: { readonly name: string; readonly template: string | undefined; readonly url: string },
): Promise<void> {
  const { name, template = "template0", url } = created;
  try {
    await client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  } catch (thrown) {
    if (!(thrown instanceof pg.DatabaseError)) throw thrown;
    if (thrown.code === "42501") throw noRight(url, thrown);
    if (thrown.code === "25006") throw readOnly(url, thrown);
    throw thrown;
  }
}

const without = retryHint({
  without: ["--database-url"],
  reason: "or use a server that is started for this run",
});

function noRight(url: string, cause: Error): Failure {
  return new Failure(
    "usage",
    "database-refused",
    `The server at ${withoutSecrets(url)} does not let this user create databases, which verify needs.`,
    {
      hints: [
        textHint(
          "Ask an administrator to run ALTER ROLE … CREATEDB for this user, or use another user.",
        ),
        without,
      ],
      cause,
    },
  );
}

function readOnly(url: string, cause: Error): Failure {
  return new Failure(
    "usage",
    "database-refused",
    `The server at ${withoutSecrets(url)} is read-only, so verify cannot create its databases.`,
    {
      hints: [
        textHint("Use the primary server, and a user without default_transaction_read_only."),
        without,
      ],
      cause,
    },
  );
}
