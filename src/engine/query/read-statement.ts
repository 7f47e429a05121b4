import type { Node } from "@pgsql/types";
import { Failure } from "../../protocol/failure.ts";
import { textHint, type Hint } from "../../protocol/hint.ts";
import { placeAt } from "../sql/error-position.ts";
import { partsOf, type TreePart } from "./parse-tree.ts";
import { isRefusedFunction } from "./refused-functions.ts";

/** A statement that reads, as far as its parse tree shows. */
export interface ReadStatement {
  /** `rows` can be the query of a cursor; the others return little. */
  readonly kind: "rows" | "explain" | "show";
  /** The statement alone, without comments and semicolons around it. */
  readonly text: string;
  /** What the database has to look up before the statement may run. */
  readonly parts: readonly TreePart[];
}

const accepted = "SELECT, VALUES, TABLE, EXPLAIN (without ANALYZE) and SHOW";

/**
 * Checks with PostgreSQL's own parse tree that a text is exactly one statement that only reads, and that calls none of the functions that
 * do more. Throws `usage` failures with the position: `sql-syntax`, `sql-refused`, `sql-too-large`.
 */
export async function readStatement(sql: string): Promise<ReadStatement> {
  const { parseSql } = await import("../../sql-parser/parse-sql.ts");
  const parsed = await parseSql(sql);
  switch (parsed.kind) {
    case "syntax-error":
      throw syntaxError(sql, parsed.message, parsed.offset);
    case "too-large":
    case "failed":
      throw new Failure(
        "usage",
        "sql-too-large",
        `The statement is too long or too deeply nested to be checked${parsed.kind === "failed" ? `: ${parsed.message}` : ""}.`,
      );
    case "parsed": {
      const [statement, second] = parsed.statements;
      if (statement === undefined) throw refused(sql, 0, "The input contains no statement.");
      if (second !== undefined)
        throw refused(sql, second.start, "There is a second statement; only one is run at a time.");
      const { node, start, end } = statement;
      const at = (location: number | undefined): number =>
        location === undefined || location < 0 ? start : Math.max(start, parsed.indexOf(location));
      const { kind, query } = kindOf(node, sql, start);
      const parts = query === undefined ? [] : partsOf(query);
      for (const part of parts) {
        const why = reasonAgainst(part);
        if (why !== undefined)
          throw refused(sql, at("location" in part ? part.location : undefined), why);
      }
      return { kind, text: sql.slice(start, end), parts };
    }
  }
}

function kindOf(
  node: Node,
  sql: string,
  start: number,
): { readonly kind: ReadStatement["kind"]; readonly query?: unknown } {
  if ("SelectStmt" in node) return { kind: "rows", query: node };
  if ("VariableShowStmt" in node) return { kind: "show" };
  if ("ExplainStmt" in node) {
    const { query, options = [] } = node.ExplainStmt;
    const names = options.map((option) =>
      "DefElem" in option ? option.DefElem.defname : undefined,
    );
    if (names.some((name) => name?.toLowerCase() === "analyze"))
      throw refused(sql, start, "EXPLAIN ANALYZE runs the statement; use EXPLAIN alone.");
    if (query === undefined || !("SelectStmt" in query))
      throw refused(sql, start, "EXPLAIN is accepted for SELECT, VALUES and TABLE only.");
    return { kind: "explain", query };
  }
  const [name = "It"] = Object.keys(node);
  throw refused(sql, start, `${commandName(name)} is not accepted: only ${accepted} are.`);
}

/** `DropStmt` as `DROP`, `AlterTableStmt` as `ALTER TABLE`. */
function commandName(node: string): string {
  const special: Readonly<Record<string, string>> = {
    TransactionStmt: "A transaction command",
    VariableSetStmt: "SET",
    CreateStmt: "CREATE TABLE",
    DoStmt: "DO",
    CallStmt: "CALL",
  };
  return (
    special[node] ??
    node
      .replace(/Stmt$/, "")
      .replaceAll(/(?<=[a-z])(?=[A-Z])/g, " ")
      .toUpperCase()
  );
}

function reasonAgainst(part: TreePart): string | undefined {
  switch (part.kind) {
    case "into":
      return "SELECT INTO creates a table.";
    case "locking":
      return "FOR UPDATE and FOR SHARE lock rows.";
    case "statement":
      return `${commandName(part.node)} inside a query changes data.`;
    case "function": {
      const name = part.name.at(-1) ?? "";
      return isRefusedFunction(name) ? `The function ${name} can do more than read.` : undefined;
    }
    case "attribute":
      return isRefusedFunction(part.name)
        ? `The function ${part.name} can do more than read.`
        : undefined;
    case "operator":
    case "type":
      return undefined;
  }
}

function refused(sql: string, at: number, why: string): Failure {
  return new Failure("usage", "sql-refused", `The statement was not run: ${why}`, {
    sql: { message: why, place: placeAt(sql, at) },
    hints: [textHint(`One statement is accepted: ${accepted}.`)],
  });
}

function syntaxError(sql: string, message: string, offset: number): Failure {
  return new Failure("usage", "sql-syntax", `The statement was not run: ${message}.`, {
    sql: { message, sqlstate: "42601", place: placeAt(sql, Math.min(offset, sql.length)) },
    hints: psqlHints(sql, offset),
  });
}

/** Hints for commands that only psql has: `\d`, `\copy`. */
function psqlHints(sql: string, offset: number): Hint[] {
  if (!sql.startsWith("\\", offset)) return [];
  return [
    textHint(
      "Commands that begin with a backslash are psql commands. To list tables and columns, query information_schema.tables and information_schema.columns.",
    ),
  ];
}
