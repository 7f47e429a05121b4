import { createHash } from "node:crypto";

/** SHA-256 of a statement's text in UTF-8, as hexadecimal digits. It is used instead of the text in the history and in the log. */
export function statementHash(sql: string): string {
  return createHash("sha256").update(sql, "utf8").digest("hex");
}
