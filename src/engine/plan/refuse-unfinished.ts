import { Failure } from "../../protocol/failure.ts";
import { textHint } from "../../protocol/hint.ts";
import type { SourceKind } from "../hasura/client.ts";
import { hasPostgresSyntax } from "../hasura/source-kinds.ts";
import { findUnfinished, lineAt, type Unfinished } from "../sql/lexer.ts";

/**
 * Refuses a file that ends inside quoted text or a comment. PostgreSQL refuses it too, but what the migration store sends behind
 * the file would become a part of that text, and of the error. A file that is complete with `standard_conforming_strings` off
 * is left to the database, and so are one with the data of a COPY and one for a database that reads quotes and comments differently
 * (`[it's]` in SQL Server, `# it's` in BigQuery). Throws `usage/unfinished-text`.
 */
export function refuseUnfinished(sql: string, file: string, kind: SourceKind): void {
  if (!hasPostgresSyntax(kind)) return;
  const unfinished = findUnfinished(sql);
  if (!unfinished || !findUnfinished(sql, { backslashes: true }) || hasCopyData(sql)) return;
  const line = lineAt(sql, unfinished.start);
  throw new Failure(
    "usage",
    "unfinished-text",
    `${file}, line ${String(line)}: the ${describe(unfinished, sql)} that begins here never ends; nothing was run.`,
    {
      hints: [
        textHint(
          unfinished.kind === "string"
            ? "Close it, or find the stray quote before it. Inside a string, write an apostrophe as ''."
            : "Close it where it should end.",
        ),
      ],
    },
  );
}

function describe({ kind, start }: Unfinished, sql: string): string {
  switch (kind) {
    case "block-comment":
      return "comment /*";
    case "quoted-identifier":
      return "name in double quotes";
    case "dollar-string":
      return `string in ${/^\$[^$]*\$/.exec(sql.slice(start))?.[0] ?? "$$"}`;
    default:
      return "string in single quotes";
  }
}

function hasCopyData(sql: string): boolean {
  return /\bfrom\s+stdin\b/i.test(sql);
}
