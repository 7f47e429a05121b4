import { createHash } from "node:crypto";
import { decodeText, type Encoding } from "../../decode-text.ts";
import { Failure } from "../../protocol/failure.ts";
import { textHint } from "../../protocol/hint.ts";
import { isEmptySql } from "../sql/is-empty.ts";
import { lineAt } from "../sql/lexer.ts";
import { readDirectives, type Directives } from "./directives.ts";

/** The content of one file. */
export interface MigrationBody {
  /** The text that is sent: the file without its byte order mark. */
  readonly sql: string;
  /** SHA-256 in hex, of the text with LF line endings and without a byte order mark. */
  readonly checksum: string;
  readonly lines: number;
  /** It has no statement: nothing is sent, but it is recorded. */
  readonly blank: boolean;
  readonly directives: Directives;
}

const byteOrderMark = "\uFEFF";

/** The checksum of a file's bytes, whatever they are: comparing a file must not depend on whether it can be run. */
export function checksumOfBytes(bytes: Uint8Array): string {
  const { encoding, text } = decodeText(bytes);
  if (encoding === "UTF-8" && text !== undefined) return checksumOf(text);
  return createHash("sha256").update(bytes).digest("hex");
}

/** The checksum of a migration's text, as the ledger keeps it. */
export function checksumOf(text: string): string {
  return createHash("sha256").update(withoutMark(text).replace(/\r\n?/g, "\n")).digest("hex");
}

/**
 * Parses the bytes of a file. `file` is for messages.
 * Throws `usage/not-utf8`, `usage/nul-character` and `usage/bad-directive`.
 */
export function parseBody(bytes: Uint8Array, file: string): MigrationBody {
  return bodyOfText(decode(bytes, file), file);
}

/** The content of a file from its text, which has no NUL character. Throws `usage/bad-directive`. */
export function bodyOfText(sql: string, file: string): MigrationBody {
  return {
    sql,
    checksum: checksumOf(sql),
    lines: sql === "" ? 0 : sql.split("\n").length - (sql.endsWith("\n") ? 1 : 0),
    blank: isEmptySql(sql),
    directives: readDirectives(sql, file),
  };
}

function withoutMark(text: string): string {
  return text.startsWith(byteOrderMark) ? text.slice(1) : text;
}

/** PostgreSQL's texts cannot contain a NUL character, and its client library ends a query at the first one. */
function decode(bytes: Uint8Array, file: string): string {
  const { encoding, text } = decodeText(bytes);
  if (encoding !== "UTF-8" || text === undefined) throw notUtf8(file, encoding);
  const nul = text.indexOf("\0");
  if (nul === -1) return text;
  throw new Failure(
    "usage",
    "nul-character",
    `${file}, line ${String(lineAt(text, nul))}: there is a NUL character, which SQL cannot contain.`,
    { hints: [textHint("Remove the character, or save the file as UTF-8 again.")] },
  );
}

function notUtf8(file: string, encoding: Encoding): Failure {
  const message =
    encoding === "unknown" ? `${file} is not valid UTF-8.` : `${file} is ${encoding}, not UTF-8.`;
  return new Failure("usage", "not-utf8", message, {
    hints: [textHint("Save the file as UTF-8.")],
  });
}
