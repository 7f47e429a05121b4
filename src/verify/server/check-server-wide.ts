import { isComment, lineAt, tokenize, type Token } from "../../engine/sql/lexer.ts";
import { Failure } from "../../protocol/failure.ts";
import { retryHint } from "../../protocol/hint.ts";
import { shortenList } from "../../shorten-list.ts";
import type { LoadedFile } from "../run/run-file.ts";

/** The first words of statements that change a whole server, not one database. */
const serverWide: readonly (readonly string[])[] = [
  ["create", "role"],
  ["create", "user"],
  ["create", "group"],
  ["create", "database"],
  ["create", "tablespace"],
  ["create", "subscription"],
  ["alter", "role"],
  ["alter", "user"],
  ["alter", "group"],
  ["alter", "database"],
  ["alter", "tablespace"],
  ["alter", "subscription"],
  ["alter", "system"],
  ["drop", "role"],
  ["drop", "user"],
  ["drop", "group"],
  ["drop", "owned"],
  ["drop", "database"],
  ["drop", "tablespace"],
  ["drop", "subscription"],
  ["reassign", "owned"],
  ["comment", "on", "role"],
  ["comment", "on", "database"],
  ["comment", "on", "tablespace"],
];

/** The kinds of objects with privileges that belong to the whole server. */
const serverObjects = ["database", "tablespace", "parameter"];

/** Functions that reach other sessions, other databases or the server itself. */
const serverFunctions =
  /^(?:pg_(?:terminate_backend|cancel_backend|reload_conf|rotate_logfile|promote|switch_wal|(?:create|drop|copy)_(?:physical_|logical_)?replication_slot)|dblink(?:_\w+)?)$/i;

/**
 * Throws `usage/server-wide-statement` for migrations that would change the server itself, such as its roles, or affect more than their
 * own database. Also checks DO blocks, functions and the texts that they execute; a text that is assembled from parts is not
 * recognised.
 */
export function checkServerWide(files: readonly LoadedFile[]): void {
  const places = files.flatMap(({ path, body: { sql } }) =>
    placesIn(sql).map(({ words, at }) => `${words} (${path}:${lineAt(sql, at)})`),
  );
  if (places.length === 0) return;
  throw new Failure(
    "usage",
    "server-wide-statement",
    `The migrations affect the entire server at --database-url, not just one database: ${shortenList(places)}.`,
    {
      hints: [
        retryHint({
          without: ["--database-url"],
          reason: "use a server that is started for this run",
        }),
        retryHint({
          with: ["--throwaway"],
          reason: "if nobody else uses that server, and changes to it may remain",
        }),
      ],
    },
  );
}

/** Code that executes a string, which may be assembled from parts; SQL for foreign servers; and limits of time, which other databases may exhaust. */
const mayReachFurther =
  /\bexecute\b(?!\s+(?:function|procedure)\b)|\bserver\b|\bpg_replication_origin_|\b(?:lock|statement)_timeout\b/i;

/** True for SQL that changes nothing that the databases of a server share. False in case of doubt. */
export function staysInDatabase(sql: string): boolean {
  return !mayReachFurther.test(sql) && placesIn(sql).length === 0;
}

interface Found {
  readonly words: string;
  readonly at: number;
}

/** `offset`: where the SQL begins in its file. `isCode`: it is the body of a function, which may execute texts. */
function placesIn(sql: string, offset = 0, isCode = false): Found[] {
  const tokens = [...tokenize(sql)].filter((token) => token.kind !== "space" && !isComment(token));
  const executes = isCode && tokens.some((token) => isWord(token, "execute"));
  return tokens.flatMap((token, i) => {
    const inner = codeIn(token, tokens[i - 1], executes);
    if (inner !== undefined) return placesIn(inner.sql, offset + token.start + inner.from, true);
    const words = serverWideAt(tokens, i);
    return words === undefined ? [] : [{ words, at: offset + token.start }];
  });
}

/** SQL in a text: in dollar quotes, after DO or AS, or, in code that executes texts, in any. */
function codeIn(
  { kind, text }: Token,
  before: Token | undefined,
  executes: boolean,
): { readonly sql: string; readonly from: number } | undefined {
  if (kind === "dollar-string") {
    const from = (/^\$[^$]*\$/.exec(text)?.[0] ?? "").length;
    return { sql: text.slice(from), from };
  }
  if (kind !== "string" && kind !== "escape-string") return undefined;
  if (!executes && !isWord(before, "do") && !isWord(before, "as")) return undefined;
  const from = text.indexOf("'") + 1;
  return { sql: text.slice(from, -1).replaceAll("''", "'"), from };
}

/** The words at this token that affect more than one database. */
function serverWideAt(tokens: readonly Token[], i: number): string | undefined {
  const anywhere = callAt(tokens, i) ?? programAt(tokens, i);
  if (anywhere !== undefined || !beginsStatement(tokens[i - 1])) return anywhere;
  const words =
    serverWide.find((each) => each.every((word, n) => isWord(tokens[i + n], word))) ??
    grantAt(tokens, i);
  // CREATE USER MAPPING belongs to a database, and so does a column called `user`.
  if (words === undefined || isWord(tokens[i + 2], "mapping")) return undefined;
  return words.join(" ").toUpperCase();
}

function callAt(tokens: readonly Token[], i: number): string | undefined {
  const { kind, text = "" } = tokens[i] ?? {};
  const isCall = kind === "word" && serverFunctions.test(text) && tokens[i + 1]?.text === "(";
  return isCall ? text.toLowerCase() : undefined;
}

function programAt(tokens: readonly Token[], i: number): string | undefined {
  const isCopied = ["to", "from"].some((word) => isWord(tokens[i - 1], word));
  const isProgram = isWord(tokens[i], "program") && tokens[i + 1]?.kind.endsWith("string") === true;
  return isCopied && isProgram ? "COPY PROGRAM" : undefined;
}

/** `GRANT a TO b`, which makes a role a member of another one, and privileges on what belongs to the server; REVOKE likewise. */
function grantAt(tokens: readonly Token[], i: number): readonly string[] | undefined {
  const verb = ["grant", "revoke"].find((word) => isWord(tokens[i], word));
  if (verb === undefined) return undefined;
  for (let at = i + 1; at < tokens.length && tokens[at]?.text !== ";"; at += 1) {
    if (["to", "from"].some((word) => isWord(tokens[at], word))) return [verb, "role"];
    if (!isWord(tokens[at], "on")) continue;
    const object = serverObjects.find((word) => isWord(tokens[at + 1], word));
    return object === undefined ? undefined : [verb, "on", object];
  }
  return undefined;
}

/** After a semicolon, or a word of PL/pgSQL that a statement follows. */
function beginsStatement(before: Token | undefined): boolean {
  if (before === undefined || before.text === ";") return true;
  return ["begin", "then", "else", "loop", "execute"].some((word) => isWord(before, word));
}

function isWord(token: Token | undefined, word: string): boolean {
  return token?.kind === "word" && token.text.toLowerCase() === word;
}
