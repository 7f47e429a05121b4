import type { Node } from "@pgsql/types";
import { isComment, tokenize, type Token } from "../engine/sql/lexer.ts";
import { parseSql, type ParsedSql, type ParsedStatement } from "../sql-parser/parse-sql.ts";
import { isTree } from "../sql-parser/tree.ts";
import { nodesIn } from "./names.ts";
import { afterStatement, type Schema } from "./schema.ts";
import { withTemporaryNames } from "./temporary-tables.ts";

/** A statement of a file, with those inside it, if it is a DO block, that can lose data or that create a table. */
export interface StatementOfFile extends ParsedStatement {
  readonly inner?: readonly Node[];
}

type Parsed = Extract<ParsedSql, { kind: "parsed" }>;

export type ParsedFile =
  Exclude<ParsedSql, Parsed> | (Parsed & { readonly statements: readonly StatementOfFile[] });

/** `parseSql`, also of what DO blocks in SQL or PL/pgSQL contain. SQL that a block makes up at run time is not seen. */
export async function parseFile(text: string): Promise<ParsedFile> {
  const parsed = await parseSql(text);
  if (parsed.kind !== "parsed") return parsed;
  const statements: StatementOfFile[] = [];
  for (const statement of parsed.statements) {
    const inner = await statementsInside(statement.node);
    statements.push(inner.length === 0 ? statement : { ...statement, inner });
  }
  return { ...parsed, statements };
}

/** The statements of a DO block, each with the schema before it as the block has left it; of any other statement none. */
export function innerStatements<T extends { readonly inner?: readonly Node[]; schema: Schema }>(
  statement: T,
): (T & { readonly node: Node })[] {
  let { schema } = statement;
  return (statement.inner ?? []).map((node) => {
    const before = { ...statement, node, schema };
    schema = afterStatement(schema, node);
    return before;
  });
}

async function statementsInside(node: Node): Promise<Node[]> {
  const found: ParsedStatement[] = [];
  for (const text of textsInside(node)) {
    const parsed = await parseSql(text);
    if (parsed.kind === "parsed") found.push(...parsed.statements);
  }
  return [...withTemporaryNames(found)].map((each) => each.node);
}

/** The texts of statements in a DO block that begin with one of the words. */
function textsInside(node: Node): string[] {
  if (!("DoStmt" in node)) return [];
  const options = new Map<unknown, unknown>();
  for (const { DefElem: option } of nodesIn(node))
    if (isTree(option)) options.set(option["defname"], textOf(option["arg"]));
  const language = options.get("language") ?? "plpgsql";
  const body = options.get("as");
  if (typeof body !== "string" || (language !== "plpgsql" && language !== "sql")) return [];
  return /\b(?:drop|truncate|delete)\b/i.test(body) ? statementTexts(body) : [];
}

function textOf(node: unknown): unknown {
  return isTree(node) && isTree(node["String"]) ? node["String"]["sval"] : undefined;
}

const wanted: ReadonlySet<string> = new Set(["drop", "truncate", "delete", "alter", "create"]);
/** What comes before a statement of PL/pgSQL; the last one ends a label. */
const before: ReadonlySet<string> = new Set([";", "begin", "then", "else", "loop", ">"]);

function statementTexts(body: string): string[] {
  const texts: string[] = [];
  let text: string | undefined;
  let last = ";";
  for (const token of tokenize(body)) {
    const word = wordOf(token);
    if (word === undefined) text &&= `${text} `;
    else if (text === undefined) text = wanted.has(word) && before.has(last) ? word : undefined;
    else if (word !== ";") text += token.text;
    else {
      texts.push(text);
      text = undefined;
    }
    last = word ?? last;
  }
  return text === undefined ? texts : [...texts, text];
}

/** The token in lower case; undefined for white space and comments. */
function wordOf(token: Token): string | undefined {
  return token.kind === "space" || isComment(token) ? undefined : token.text.toLowerCase();
}
