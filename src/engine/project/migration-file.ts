import { createHash } from "node:crypto";
import { Failure } from "../../protocol/failure.ts";
import { textHint } from "../../protocol/hint.ts";
import { isEmptySql } from "../sql/is-empty.ts";
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

/** The checksum of a migration's text, as the ledger keeps it. */
export function checksumOf(text: string): string {
  return createHash("sha256").update(withoutMark(text).replace(/\r\n?/g, "\n")).digest("hex");
}

/**
 * Parses the bytes of a file. `file` is for messages.
 * Throws `usage/not-utf8` and `usage/bad-directive`.
 */
export function parseBody(bytes: Uint8Array, file: string): MigrationBody {
  const sql = withoutMark(decode(bytes, file));
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

function decode(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new Failure("usage", "not-utf8", `${file} is not valid UTF-8.`, {
      hints: [textHint("Save the file as UTF-8.")],
      cause,
    });
  }
}
