import type { SqlFailure } from "../../protocol/failure.ts";
import { textHint, type Hint } from "../../protocol/hint.ts";
import { lineAt, tokenize } from "../sql/lexer.ts";
import { lockAdvice, type LockHolder } from "./lock-holders.ts";
import { headOf, nameOf, statementsOf, type Statement } from "../sql/statements.ts";

/** What is known about a failed statement. */
interface Refusal {
  readonly message: string;
  readonly sqlstate: string | undefined;
  readonly sql: string;
}

/** One kind of error, and the next step. */
interface Advice {
  readonly states: readonly string[];
  readonly text?: RegExp;
  readonly next: (refusal: Refusal) => string | undefined;
}

const lockTimeoutError = {
  states: ["55P03", "57014"],
  text: /lock timeout|could not obtain lock|lock not available/,
};

/** True for a statement that did not get a lock in time. */
export function isLockTimeout({ message, sqlstate = "" }: SqlFailure): boolean {
  return lockTimeoutError.states.includes(sqlstate) && lockTimeoutError.text.test(message);
}

/** The first that applies and returns advice wins. */
const advices: readonly Advice[] = [
  { states: ["42601"], text: /at or near "\\/, next: psqlCommands },
  { states: ["42601"], text: /at or near ":/, next: psqlVariables },
  { states: ["42601", "57014", "08P01", "0A000", ""], next: copyFromStdin },
  {
    states: ["42P06", "42501", "3F000", "42P01", "42P07", "42710"],
    text: /\bhdb_catalog\b/,
    next: () =>
      "hdb_catalog belongs to Hasura itself: remove its statements from the file (pg_dump --exclude-schema=hdb_catalog).",
  },
  {
    states: ["42704"],
    text: /unrecognized configuration parameter/,
    next: unknownSetting,
  },
  {
    states: ["55P04"],
    next: () =>
      "A new enum value cannot be used in the transaction that adds it: move ALTER TYPE … ADD VALUE into a separate, earlier migration.",
  },
  {
    ...lockTimeoutError,
    next: lockTimeout,
  },
  {
    states: ["40P01"],
    next: () => "Another session locked the same objects in a different order; try again.",
  },
  { states: ["42883", "42704"], next: missingExtension },
  {
    states: ["0A000", "58P01", "22023"],
    text: /extension "[^"]+" is not available|extension control file/,
    next: () =>
      "The database server does not have this extension: install it there, or choose one that the provider supports (pg_available_extensions).",
  },
  { states: ["42501"], next: permissionDenied },
  {
    states: ["25006"],
    next: () =>
      "The database is read-only: Hasura's source points to a standby or a read replica, or default_transaction_read_only is on.",
  },
];

/** The next step for a database error, if there is one besides correcting the file. */
export function sqlAdvice(
  { message, sqlstate }: SqlFailure,
  sql: string,
  lockHolders: readonly LockHolder[] = [],
): Hint | undefined {
  if (lockHolders.length > 0 && mayBeLock(sqlstate)) return textHint(lockAdvice(lockHolders));
  const refusal = { message, sqlstate, sql };
  for (const { states, text, next } of advices) {
    if (!states.includes(sqlstate ?? "") || text?.test(message) === false) continue;
    const words = next(refusal);
    if (words !== undefined) return textHint(words);
  }
  return undefined;
}

/** A lock timeout, a cancelled statement, or an error whose details Hasura hides. */
function mayBeLock(sqlstate: string | undefined): boolean {
  return sqlstate === undefined || sqlstate === "55P03" || sqlstate === "57014";
}

/** True for an object that exists already: 42P06 schema, 42P07 relation, 42710 object, 42701 column, 42723 function. */
export function alreadyExists({ message, sqlstate = "" }: SqlFailure): boolean {
  return (
    ["42P06", "42P07", "42710", "42701", "42723"].includes(sqlstate) &&
    !/\bhdb_catalog\b/.test(message)
  );
}

/** Meta-commands of psql, which pg_dump writes (`\restrict`, `\connect`) and people type (`\i`). */
function psqlCommands({ sql }: Refusal): string | undefined {
  const lines = sql.split(/\r\n|\n|\r/);
  const commands = lines.flatMap((line, i) => {
    const command = /^\s*(\\[a-z!?;.]+)/i.exec(line)?.[1];
    return command === undefined || command === "\\." ? [] : [`line ${i + 1} (${command})`];
  });
  if (commands.length === 0) return undefined;
  const listed =
    commands.length > 8
      ? `${commands.slice(0, 8).join(", ")} and ${commands.length - 8} more`
      : commands.join(", ");
  return `Only psql understands ${listed}: delete ${commands.length === 1 ? "that line" : "those lines"}. pg_dump writes \\restrict and \\unrestrict; they are not SQL.`;
}

/** `:name`, `:'name'` and `:"name"`, which psql replaces before it sends a statement. */
function psqlVariables({ sql }: Refusal): string | undefined {
  const tokens = [...tokenize(sql)];
  const at = tokens.findIndex(
    ({ text }, i) =>
      text === ":" &&
      tokens[i - 1]?.text !== ":" &&
      ["word", "string", "quoted-identifier"].includes(tokens[i + 1]?.kind ?? ""),
  );
  const [colon, name] = tokens.slice(at, at + 2);
  if (at === -1 || !colon || !name) return undefined;
  return `Only psql replaces variables such as :${name.text} (line ${lineAt(sql, colon.start)}): write the value into the file.`;
}

function copyFromStdin({ sql, message }: Refusal): string | undefined {
  const copies = statementsOf(sql).filter(isCopyFromStdin);
  const [first] = copies;
  if (first === undefined) return undefined;
  const isAboutIt = /COPY/i.test(message) || /at or near/.test(message);
  return isAboutIt
    ? `COPY … FROM stdin (line ${lineAt(sql, first.start)}) works only in psql, which sends the rows that follow it: use INSERT instead (pg_dump --rows-per-insert=1000), or leave the data out (pg_dump --schema-only).`
    : undefined;
}

function isCopyFromStdin(statement: Statement): boolean {
  if (headOf(statement, 1) !== "copy") return false;
  const words = statement.tokens.map(({ text }) => text.toLowerCase());
  return words.some((word, i) => word === "from" && words[i + 1] === "stdin");
}

function unknownSetting({ sql, message }: Refusal): string {
  const name = /parameter "([^"]+)"/.exec(message)?.[1] ?? "";
  const lines = statementsOf(sql)
    .filter(
      ({ tokens }) =>
        tokens.some((token) => nameOf(token) === name) ||
        tokens.some(({ text }) => text === `'${name}'`),
    )
    .map(({ start }) => lineAt(sql, start));
  const where = lines.length === 0 ? "the line that sets it" : `line ${lines.join(", ")}`;
  return `This server's version does not have the setting ${name}, which a newer pg_dump writes: delete ${where}.`;
}

function lockTimeout(): string {
  return 'Another session holds a lock on the same table. To wait longer: "-- hasura-migrate: lock_timeout=30s" at the top of the file.';
}

/** Functions and types from extensions that ship with PostgreSQL. */
const extensionOf: readonly (readonly [RegExp, string])[] = [
  [/^uuid_generate_v\d/, "uuid-ossp"],
  [
    /^(gen_random_uuid|gen_random_bytes|digest|hmac|crypt|gen_salt|pgp_\w+|armor|dearmor)$/,
    "pgcrypto",
  ],
  [/^citext$/, "citext"],
  [/^(hstore|akeys|svals|hstore_to_\w+)$/, "hstore"],
  [/^(ltree|lquery|ltxtquery)$/, "ltree"],
  [/^(similarity|show_trgm|word_similarity|gin_trgm_ops|gist_trgm_ops)$/, "pg_trgm"],
  [/^unaccent$/, "unaccent"],
  [/^(geometry|geography|st_\w+)$/, "postgis"],
  [/^(vector|halfvec|sparsevec)$/, "vector"],
  [/^(earth_distance|ll_to_earth|earth_box)$/, "earthdistance"],
  [/^crosstab\w*$/, "tablefunc"],
  [/^(levenshtein|soundex|metaphone|dmetaphone)$/, "fuzzystrmatch"],
];

function missingExtension({ message }: Refusal): string | undefined {
  const name =
    /^(?:function|type|operator class) "?(?:[\w]+\.)?([\w]+)/.exec(message)?.[1]?.toLowerCase() ??
    "";
  const extension = extensionOf.find(([pattern]) => pattern.test(name))?.[1];
  if (extension === undefined) return undefined;
  return `${name} is part of an extension. Before its first use: CREATE EXTENSION IF NOT EXISTS "${extension}"; if it is installed, its schema is not in the search_path.`;
}

function permissionDenied({ message }: Refusal): string {
  const schema = /permission denied for schema (\S+)/.exec(message)?.[1];
  if (schema !== undefined)
    return `Hasura's database user lacks a privilege on the schema ${schema}. Its owner can grant it: GRANT USAGE, CREATE ON SCHEMA ${schema} TO that user.`;
  const owned = /must be owner of (.+)/.exec(message)?.[1];
  if (owned !== undefined)
    return `Only the owner of ${owned} may do this, which is a different user. That user can transfer it: ALTER … OWNER TO Hasura's database user.`;
  if (/extension/.test(message))
    return "Hasura's database user may not create this extension: a database administrator has to create it once.";
  return "Hasura's database user lacks a privilege; the owner of the object, or an administrator, can GRANT it.";
}
