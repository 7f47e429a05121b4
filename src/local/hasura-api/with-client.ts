import pg from "pg";
import { Failure } from "../../protocol/failure.ts";
import { retryHint, textHint, type Hint } from "../../protocol/hint.ts";
import { errorCode } from "../../system-error.ts";
import { untrustedAuthorityCodes } from "../../tls/certificate.ts";
import { driverAddress } from "./driver-address.ts";
import { HasuraError } from "./hasura-error.ts";

/**
 * Connects, works and disconnects. Throws a failure with the next step for a database that cannot be reached or does not allow
 * what the local environment needs.
 */
export async function withClient(
  url: string,
  work: (client: pg.Client) => Promise<void>,
): Promise<void> {
  const client = await connected(url);
  const lost: { error?: Error } = {};
  client.on("error", (error) => (lost.error = error));
  try {
    await work(client);
  } catch (thrown) {
    throw lost.error === undefined || thrown instanceof Failure
      ? setUpFailure(thrown, url)
      : connectionLost(thrown, url);
  } finally {
    await client.end();
  }
}

async function connected(url: string): Promise<pg.Client> {
  try {
    // The certificates that an address names are read here.
    const client = new pg.Client({
      connectionString: driverAddress(url),
      application_name: "hasura-migrate local",
      connectionTimeoutMillis: 10_000,
    });
    client.on("error", () => undefined); // the current query reports it
    await client.connect();
    return client;
  } catch (thrown) {
    throw notConnected(thrown, url);
  }
}

function notConnected(thrown: unknown, url: string): Failure {
  const code = errorCode(thrown) ?? "";
  const where = withoutSecrets(url);
  const fail = (message: string, ...hints: Hint[]): Failure =>
    new Failure("unreachable", "database-unreachable", message, { hints, cause: thrown });
  if (untrustedAuthorityCodes.has(code) || code === "ERR_TLS_CERT_ALTNAME_INVALID")
    return fail(
      `The certificate of the database at ${where} is not trusted (${code}).`,
      textHint(
        "Add sslrootcert=FILE to the address, or set NODE_EXTRA_CA_CERTS=FILE, where FILE contains the certificate of its authority.",
      ),
    );
  if (thrown instanceof Error && "syscall" in thrown && thrown.syscall === "open")
    return fail(
      `A certificate file of --database-url cannot be read (${code}).`,
      textHint("Check sslrootcert, sslcert and sslkey in the address."),
    );
  if (code === "28P01" || code === "28000")
    return fail(
      `The database at ${where} rejected the user name or the password.`,
      textHint("Check both in --database-url; special characters must be percent-encoded."),
    );
  if (code === "3D000")
    return fail(`There is no such database at ${where}.`, textHint("Create it with createdb."));
  return fail(
    `The database at ${where} cannot be reached.`,
    retryHint({ reason: "check --database-url and that the server is running" }),
  );
}

/** True where the server ends the session: it shuts down, or somebody has terminated the session. */
function endedByServer(thrown: unknown): boolean {
  return ["57P01", "57P02", "57P03", "57P05"].includes(errorCode(thrown) ?? "");
}

/** What to throw for an error of the environment's own set-up: a failure, unless it is a bug. */
export function setUpFailure(thrown: unknown, url: string): unknown {
  const cause = thrown instanceof HasuraError ? thrown.cause : thrown;
  if (endedByServer(cause)) return connectionLost(cause, url);
  if (cause instanceof pg.DatabaseError) return refused(cause, url);
  // The metadata's pool has no other error than one of the database or of its connection.
  return thrown instanceof HasuraError && cause !== undefined ? connectionLost(cause, url) : thrown;
}

function connectionLost(cause: unknown, url: string): Failure {
  return new Failure(
    "unreachable",
    "database-unreachable",
    `The connection to the database at ${withoutSecrets(url)} was lost while the environment was being set up.`,
    { hints: [retryHint({ reason: "once the server is running" })], cause },
  );
}

/** A statement of the environment's own set-up that the database refused: no bug, but a right or a server of another kind. */
function refused(error: pg.DatabaseError, url: string): Failure {
  const where = withoutSecrets(url);
  const [what, next] = nextStep(error);
  return new Failure("usage", "database-refused", `The database at ${where} ${what}.`, {
    hints: [
      textHint(next),
      retryHint({ without: ["--database-url"], reason: "or use the embedded database" }),
    ],
    cause: error,
  });
}

function nextStep({ code, message }: pg.DatabaseError): readonly [string, string] {
  if (code === "25006")
    return [
      "is read-only",
      "Use the primary server, and a user without default_transaction_read_only.",
    ];
  if (code === "42501" && /create database/i.test(message))
    return [
      "does not let this user create databases, and the project has several",
      "Ask an administrator to run ALTER ROLE … CREATEDB for this user.",
    ];
  if (code === "42501")
    return [
      "does not let this user set up the environment",
      "The user needs CREATE on the database, and must own hdb_catalog if that schema exists (another user may have created it).",
    ];
  return [
    `refused to set up the environment: ${message}`,
    "Fix the problem that the database reports, or ask its administrator to do so.",
  ];
}

/** Host, port and database of an address, for messages: never the password or the query. */
export function withoutSecrets(url: string): string {
  try {
    const { hostname, port, pathname, search, hash } = new URL(url);
    // A password with an unescaped "/", "?" or "#" is cut there, and the rest of it is taken for a path.
    if (`${pathname}${search}${hash}`.includes("@")) return "the given address";
    return `${hostname}${port === "" ? "" : `:${port}`}${pathname}`;
  } catch {
    return "the given address";
  }
}
