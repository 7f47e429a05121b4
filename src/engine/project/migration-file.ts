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
  if (isAsHashed(bytes)) return createHash("sha256").update(bytes).digest("hex");
  const { encoding, text } = decodeText(bytes);
  if (encoding === "UTF-8" && text !== undefined) return checksumOf(text);
  return createHash("sha256").update(bytes).digest("hex");
}

const carriageReturn = 0x0d;

/** True for ASCII without NUL characters and carriage returns, as most files are: it is hashed byte by byte, without decoding it. */
function isAsHashed(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === 0 || byte === carriageReturn || byte > 0x7f) return false;
  }
  return true;
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
  const text = textOf(bytes);
  if ("problem" in text) throw unusableText(text, file);
  return bodyOfText(text.sql, file);
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

/** Why the bytes of a file are not SQL. PostgreSQL's texts cannot contain a NUL character; its client library ends a query there. */
export type TextProblem =
  | { readonly problem: "not-utf8"; readonly encoding: Encoding }
  | { readonly problem: "nul-character"; readonly line: number };

/** The text of a file's bytes without a byte order mark, or why it cannot be run. */
export function textOf(bytes: Uint8Array): { readonly sql: string } | TextProblem {
  const { encoding, text } = decodeText(bytes);
  if (encoding !== "UTF-8" || text === undefined) return { problem: "not-utf8", encoding };
  const nul = text.indexOf("\0");
  return nul === -1 ? { sql: text } : { problem: "nul-character", line: lineAt(text, nul) };
}

/** The failure of a run that needs such a file: `usage/not-utf8` or `usage/nul-character`. */
export function unusableText(found: TextProblem, file: string): Failure {
  return found.problem === "not-utf8"
    ? notUtf8(file, found.encoding)
    : new Failure(
        "usage",
        "nul-character",
        `${file}, line ${String(found.line)}: there is a NUL character, which SQL cannot contain.`,
        { hints: [textHint("Remove the character, or save the file as UTF-8 again.")] },
      );
}

/** True for what reading a file throws where the file is wrong, and nothing is wrong with the run. */
export function isUnusable(thrown: unknown): thrown is Failure {
  return thrown instanceof Failure && thrown.kind === "usage";
}

function notUtf8(file: string, encoding: Encoding): Failure {
  const message =
    encoding === "unknown" ? `${file} is not valid UTF-8.` : `${file} is ${encoding}, not UTF-8.`;
  return new Failure("usage", "not-utf8", message, {
    hints: [textHint("Save the file as UTF-8.")],
  });
}
