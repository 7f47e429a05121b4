import { createHash } from "node:crypto";
import { Failure } from "../../protocol/failure.ts";
import { isEmptySql } from "../sql/is-empty.ts";
import { readDirectives, type Directives } from "./directives.ts";

/** The text of one file, read when its turn comes. */
export interface MigrationBody {
  /** What is sent: the file, byte for byte, without its byte order mark. */
  readonly sql: string;
  /** SHA-256 in hex; a byte order mark and the kind of line ending do not count. */
  readonly checksum: string;
  readonly lines: number;
  /** Nothing to send: no statement in it. It is recorded all the same. */
  readonly blank: boolean;
  readonly directives: Directives;
}

const byteOrderMark = "\uFEFF";

/** The checksum of a migration's text, as the books keep it. */
export function checksumOf(text: string): string {
  return createHash("sha256").update(withoutMark(text).replace(/\r\n?/g, "\n")).digest("hex");
}

/**
 * Makes a body of a file's bytes. `file` is only for messages.
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
    throw new Failure(
      "usage",
      "not-utf8",
      `${file} is not UTF-8 text, so its characters would arrive changed.`,
      {
        hints: ["save the file as UTF-8"],
        cause,
      },
    );
  }
}
