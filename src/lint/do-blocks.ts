import type { Node } from "@pgsql/types";
import { isComment, tokenize, type Token } from "../engine/sql/lexer.ts";
import { parseSql, type ParsedSql, type ParsedStatement } from "../sql-parser/parse-sql.ts";
import { isTree } from "../sql-parser/tree.ts";
import { nodesIn } from "./names.ts";
import type { Schema } from "./schema.ts";
import { afterStatement } from "./after-statement.ts";

/** A statement of a file, with those inside it, if it is a DO block, that can lose data or that create a table. */
export interface StatementOfFile extends ParsedStatement {
  readonly inner?: readonly InnerStatement[];
}

/** A statement inside a DO block. */
export interface InnerStatement {
  readonly node: Node;
  /** The numbers of the branches of IF and CASE that it is in, the outermost first. */
  readonly branches: readonly number[];
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

/**
 * The statements of a DO block, each with the schema before it as the block has left it; of any other statement none. What a branch
 * creates may not exist outside of it, nor is a table surely new that is created IF NOT EXISTS.
 */
export function innerStatements<
  T extends { readonly inner?: readonly InnerStatement[]; schema: Schema },
>(statement: T): (T & { readonly node: Node })[] {
  const open = [{ branch: 0, schema: statement.schema }];
  return (statement.inner ?? []).map(({ node, branches }) => {
    const shared = open.findIndex(({ branch }, i) => i > 0 && branch !== branches[i - 1]);
    if (shared !== -1) open.splice(shared);
    let { schema } = open.at(-1) ?? statement;
    for (const branch of branches.slice(open.length - 1)) open.push({ branch, schema });
    const before = { ...statement, node, schema };
    if (!isOptional(node)) schema = afterStatement(schema, node);
    open.splice(-1, 1, { branch: branches.at(-1) ?? 0, schema });
    return before;
  });
}

/** CREATE TABLE IF NOT EXISTS */
function isOptional(node: Node): boolean {
  if ("CreateStmt" in node) return node.CreateStmt.if_not_exists === true;
  return "CreateTableAsStmt" in node && node.CreateTableAsStmt.if_not_exists === true;
}

async function statementsInside(node: Node): Promise<InnerStatement[]> {
  const found: InnerStatement[] = [];
  for (const { text, branches } of textsInside(node)) {
    const parsed = await parsedInside(text);
    found.push(...parsed.map((each) => ({ node: each.node, branches })));
  }
  return found;
}

async function parsedInside(text: string): Promise<readonly ParsedStatement[]> {
  const parsed = await parseSql(text);
  if (parsed.kind === "parsed") return parsed.statements;
  const ofSql = withoutVariables(text);
  const again = ofSql === text ? parsed : await parseSql(ofSql);
  return again.kind === "parsed" ? again.statements : [];
}

const variable = String.raw`(?:"(?:[^"]|"")*"|[\w$]+)(?:\s*\.\s*(?:"(?:[^"]|"")*"|[\w$]+)|\s*\[[^\]]*\])*`;
const intoVariables = new RegExp(
  String.raw`(\breturning\b.*?)\binto\s+(?:strict\s+)?${variable}(?:\s*,\s*${variable})*`,
  "is",
);

/** The statement without the INTO of PL/pgSQL behind RETURNING, which names variables. */
function withoutVariables(text: string): string {
  return text.replace(intoVariables, "$1");
}

interface TextInside {
  readonly text: string;
  readonly branches: readonly number[];
}

/** The texts of statements in a DO block that begin with one of the words. */
function textsInside(node: Node): TextInside[] {
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

const wanted: ReadonlySet<string> = new Set([
  ...["drop", "truncate", "delete", "alter", "create", "with", "insert", "merge"],
]);
/** What comes before a statement of PL/pgSQL; `>` ends a label, and a query follows FOR … IN. */
const before: ReadonlySet<string> = new Set([";", "begin", "then", "else", "loop", ">", "in"]);

function statementTexts(body: string): TextInside[] {
  const texts: TextInside[] = [];
  let text: string | undefined;
  let isLoop = false;
  let last = ";";
  let branches = new Branches();
  for (const token of tokenize(body)) {
    const word = wordOf(token);
    if (word === undefined) text &&= `${text} `;
    else if (text === undefined) {
      branches = branches.after(word, last);
      text = wanted.has(word) && before.has(last) ? word : undefined;
      isLoop = last === "in";
    } else if (word !== ";" && !(isLoop && word === "loop")) text += token.text;
    else {
      texts.push({ text, branches: branches.open });
      text = undefined;
    }
    last = word ?? last;
  }
  return text === undefined ? texts : [...texts, { text, branches: branches.open }];
}

const otherBranch: ReadonlySet<string> = new Set(["else", "elsif", "elseif", "when"]);

/** The branches of IF and CASE at a place in a block. Expressions with CASE have neither a semicolon nor END CASE. */
class Branches {
  readonly open: readonly number[];
  readonly #count: number;

  constructor(open: readonly number[] = [], count = 0) {
    this.open = open;
    this.#count = count;
  }

  /** `last`: the word before. */
  after(word: string, last: string): Branches {
    const isConditional = word === "if" || word === "case";
    const outer = this.open.slice(0, -1);
    const next = this.#count + 1;
    if (isConditional && last === "end") return new Branches(outer, this.#count);
    if (isConditional && last !== "in" && before.has(last))
      return new Branches([...this.open, next], next);
    if (otherBranch.has(word) && last === ";" && this.open.length > 0)
      return new Branches([...outer, next], next);
    return this;
  }
}

/** The token in lower case; undefined for white space and comments. */
function wordOf(token: Token): string | undefined {
  return token.kind === "space" || isComment(token) ? undefined : token.text.toLowerCase();
}
