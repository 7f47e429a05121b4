import { isComment, lineAt, tokenize, type Token } from "../../engine/sql/lexer.ts";
import { Failure } from "../../protocol/failure.ts";
import { retryHint } from "../../protocol/hint.ts";
import { shortenList } from "../../shorten-list.ts";
import type { LoadedFile } from "../run/run-file.ts";

/** What a statement can begin with that changes a whole server, not one database. */
const serverWide = [
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
  ["alter", "system"],
  ["drop", "role"],
  ["drop", "user"],
  ["drop", "group"],
  ["drop", "owned"],
  ["drop", "database"],
  ["drop", "tablespace"],
  ["reassign", "owned"],
] as const;

/**
 * Throws `usage/server-wide-statement` for migrations that would change the server itself, such as its roles: it is not theirs. Also
 * looks into DO blocks.
 */
export function checkServerWide(files: readonly LoadedFile[]): void {
  const places = files.flatMap(({ path, body: { sql } }) =>
    placesIn(sql).map(({ words, at }) => `${words} (${path}:${lineAt(sql, at)})`),
  );
  if (places.length === 0) return;
  throw new Failure(
    "usage",
    "server-wide-statement",
    `The migrations change the whole server of --database-url, not only a database: ${shortenList(places)}.`,
    {
      hints: [
        retryHint({
          without: ["--database-url"],
          reason: "use a server that is started for this run",
        }),
        retryHint({
          with: ["--throwaway"],
          reason: "or, if nobody else uses that server and what is done to it may stay",
        }),
      ],
    },
  );
}

interface Found {
  readonly words: string;
  readonly at: number;
}

function placesIn(sql: string, offset = 0): Found[] {
  const tokens = [...tokenize(sql)].filter((token) => token.kind !== "space" && !isComment(token));
  return tokens.flatMap((token, i) => {
    if (token.kind === "dollar-string") {
      const tag = /^\$[^$]*\$/.exec(token.text)?.[0] ?? "";
      return placesIn(token.text.slice(tag.length), offset + token.start + tag.length);
    }
    const pair = serverWide.find(
      ([first, second]) => isWord(token, first) && isWord(tokens[i + 1], second),
    );
    // CREATE USER MAPPING belongs to a database, and so does a column called `user`.
    if (!pair || isWord(tokens[i + 2], "mapping") || !beginsStatement(tokens[i - 1])) return [];
    return [{ words: pair.join(" ").toUpperCase(), at: offset + token.start }];
  });
}

/** After a semicolon, or a word of PL/pgSQL that a statement follows. */
function beginsStatement(before: Token | undefined): boolean {
  if (before === undefined || before.text === ";") return true;
  return ["begin", "then", "else", "loop", "execute"].some((word) => isWord(before, word));
}

function isWord(token: Token | undefined, word: string): boolean {
  return token?.kind === "word" && token.text.toLowerCase() === word;
}
