import pg from "pg";
import { driverAddress } from "../../local/hasura-api/driver-address.ts";
import { Failure } from "../../protocol/failure.ts";
import { retryHint, textHint } from "../../protocol/hint.ts";

/** The address of another database of the same server. */
export function addressOf(url: string, database: string): string {
  const other = new URL(url);
  other.pathname = `/${encodeURIComponent(database)}`;
  return other.href;
}

/** The sessions of one run. When the signal is aborted, all of them are closed, so that nothing waits for a long statement. */
export class Sessions {
  readonly #signal: AbortSignal;
  readonly #open = new Set<pg.Client>();
  #lost: Error | undefined;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener("abort", () => {
      for (const client of this.#open) client.connection.stream.destroy();
    });
  }

  /** Why a session in use ended. */
  get lost(): Error | undefined {
    return this.#lost;
  }

  /**
   * A session in a database that was created for this run. As in Hasura's sessions, warnings are switched off. A commit does not wait
   * for the disk: after a crash of the server, nothing in the database is needed. Throws `unreachable/database-unreachable` and
   * `usage/database-refused`.
   */
  async open(url: string, database: string): Promise<pg.Client> {
    this.#signal.throwIfAborted();
    const client = new pg.Client({
      connectionString: driverAddress(addressOf(url, database)),
      application_name: "hasura-migrate verify",
      options: "-c client_min_messages=warning -c synchronous_commit=off",
      connectionTimeoutMillis: 10_000,
    });
    client.on("error", (error) => (this.#lost ??= error)); // the current query reports it, too
    client.once("end", () => this.#open.delete(client));
    try {
      await client.connect();
    } catch (cause) {
      throw brokenConnection(cause);
    }
    this.#open.add(client);
    try {
      await refuseOtherDatabase(client, database);
    } catch (thrown) {
      await client.end();
      throw thrown;
    }
    return client;
  }
}

/**
 * Throws `usage/database-refused` if a session is not in the requested database. A connection pooler may map every name to the
 * same database, in which nothing may be run.
 */
export async function refuseOtherDatabase(client: pg.Client, database: string): Promise<void> {
  const { rows } = await client.query<{ name: string }>("SELECT current_database() AS name");
  if (rows[0]?.name === database) return;
  throw new Failure(
    "usage",
    "database-refused",
    "The server at --database-url connects to a different database from the one requested, for example because it is a connection pooler; no migration was run.",
    {
      hints: [
        textHint("Use the address of the server itself, not that of a pooler."),
        retryHint({
          without: ["--database-url"],
          reason: "or use a server that is started for this run",
        }),
      ],
    },
  );
}

/** The server could be reached before. */
export function brokenConnection(cause: unknown): Failure {
  return new Failure(
    "unreachable",
    "database-unreachable",
    "The connection to the database was lost while migrations were being verified.",
    { hints: [textHint("Check the database server's log, then run verify again.")], cause },
  );
}
