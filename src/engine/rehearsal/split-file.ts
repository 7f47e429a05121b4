import type { ParsedStatement } from "../../sql-parser/parse-sql.ts";
import { isTree, textsIn, type Tree } from "../../sql-parser/tree.ts";
import { isRefusedFunction } from "../query/refused-functions.ts";
import { isComment, tokenize } from "../sql/lexer.ts";
import { mentionsIn } from "../sql/mentions.ts";
import { nameOf } from "../sql/statements.ts";

/** The beginning and the end of a statement in its file. */
export type Part = Pick<ParsedStatement, "start" | "end">;

/** Whether a file can be run and rolled back, and its statements. */
export type SplitFile =
  /** All of it; one part for the whole file if it cannot be parsed. */
  | {
      readonly kind: "parts";
      readonly parts: readonly Part[];
      readonly isParsed: boolean;
      /** It adds a value to an enum that it has not created. */
      readonly addsEnumValue: boolean;
    }
  /** It would have an effect that no rollback undoes, or behave differently. `reason` completes "the file …". */
  | { readonly kind: "refused"; readonly reason: string };

/**
 * Splits a file into the statements of a rehearsal. Refuses one that controls its transaction, or that has an effect outside it, such as a
 * call of `dblink`. Functions that already exist in the database are not examined. Rejects only if the parser is missing.
 */
export async function splitFile(sql: string): Promise<SplitFile> {
  const { parseSql } = await import("../../sql-parser/parse-sql.ts");
  const parsed = await parseSql(sql);
  if (parsed.kind === "too-large") return refused("is larger than 1 MB");
  if (parsed.kind !== "parsed") {
    const name = firstOutside(sql);
    return name === undefined
      ? {
          ...{ kind: "parts", parts: [{ start: 0, end: sql.length }] },
          ...{ isParsed: false, addsEnumValue: false },
        }
      : refused(calls(name));
  }
  for (const { node } of parsed.statements) {
    const reason = refusalOf(node);
    if (reason !== undefined) return refused(reason);
  }
  const { statements } = parsed;
  return { kind: "parts", parts: statements, isParsed: true, addsEnumValue: addsValue(statements) };
}

function addsValue(statements: readonly ParsedStatement[]): boolean {
  const created = new Set<string>();
  for (const { node } of statements) {
    if ("CreateEnumStmt" in node) created.add(enumName(node.CreateEnumStmt));
    if (!("AlterEnumStmt" in node) || node.AlterEnumStmt.oldVal !== undefined) continue;
    if (!created.has(enumName(node.AlterEnumStmt))) return true;
  }
  return false;
}

function enumName({ typeName }: { readonly typeName?: unknown }): string {
  return JSON.stringify(textsIn(typeName));
}

function refused(reason: string): SplitFile {
  return { kind: "refused", reason };
}

function refusalOf(node: ParsedStatement["node"]): string | undefined {
  const [[command, content] = ["", undefined]] = Object.entries<unknown>(node);
  const reason = refusalOfCommand(command, isTree(content) ? content : {});
  if (reason !== undefined) return reason;
  const { mentions, texts } = mentionsIn(node);
  const called = mentions.flatMap(({ what, parts }) =>
    what === "function" ? (parts.at(-1) ?? []) : [],
  );
  const name = called.find(worksOutside) ?? texts.map(firstOutside).find((it) => it !== undefined);
  return name === undefined ? undefined : calls(name);
}

function refusalOfCommand(command: string, tree: Tree): string | undefined {
  if (command.endsWith("SubscriptionStmt")) return "creates, changes or drops a subscription";
  switch (command) {
    case "TransactionStmt":
      return "has transaction statements of its own";
    case "SelectStmt":
      return hasInto(tree)
        ? "has SELECT … INTO, which a rehearsal cannot run; CREATE TABLE … AS does the same"
        : undefined;
    case "PrepareStmt":
      return "prepares a statement, which a rollback does not undo";
    case "CopyStmt": {
      const isWritten = tree["filename"] !== undefined && tree["is_from"] !== true;
      const isOutside = tree["is_program"] === true || isWritten;
      return isOutside ? "copies to a file or a program" : undefined;
    }
    case "VariableSetStmt":
      return tree["name"] === "standard_conforming_strings"
        ? "sets standard_conforming_strings"
        : undefined;
    default:
      return undefined;
  }
}

/** INTO belongs to the first of several queries. PL/pgSQL's EXECUTE refuses it. */
function hasInto(select: Tree): boolean {
  const { intoClause, larg } = select;
  return intoClause !== undefined || (isTree(larg) && hasInto(larg));
}

function calls(name: string): string {
  return `calls ${name}, whose effect a rollback does not undo`;
}

/** The first such function that a text, which may be SQL, calls. */
function firstOutside(text: string): string | undefined {
  const tokens = [...tokenize(text)].filter((token) => token.kind !== "space" && !isComment(token));
  return tokens
    .flatMap((token, i) => (tokens[i + 1]?.text === "(" ? (nameOf(token) ?? []) : []))
    .find(worksOutside);
}

/** True for a function whose effect a rollback does not undo. */
function worksOutside(name: string): boolean {
  if (elsewhere.has(name)) return true;
  return isRefusedFunction(name) && !transactional.some((pattern) => pattern.test(name));
}

/** Functions of extensions that work in other sessions or services: aws_lambda, aws_s3, pg_background. */
const elsewhere: ReadonlySet<string> = new Set([
  "invoke",
  "query_export_to_s3",
  "pg_background_launch",
]);

/**
 * Functions that a query must not call, but whose effects are rolled back, or harmless: a sequence advances with every attempt. `setval` is
 * not one of them, because it can set a sequence back to numbers that are in use.
 */
const transactional: readonly RegExp[] = [
  /^(set_config|setseed|nextval|ts_stat|ts_rewrite|connectby|xpath_table|pg_notify)$/,
  /^pg_sleep/,
  /^pg_(try_)?advisory_xact_/,
  /_to_xml(schema|_and_xmlschema)?$/,
  /^crosstab/,
  /^lo_(?!import|export)/,
  /^(loread|lowrite)$/,
];
