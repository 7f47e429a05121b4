import type { ParsedSql, ParsedStatement } from "../../sql-parser/parse-sql.ts";
import type { ErrorSubject } from "./error-subject.ts";
import { tokenize } from "./lexer.ts";
import { mentionsIn, type Mention } from "./mentions.ts";
import { nameOf } from "./statements.ts";

type Parsed = Extract<ParsedSql, { kind: "parsed" }>;

/** The position of a name from an error. */
export interface NamePlace {
  /** Index of the name, or of the only statement that can refer to it. */
  readonly at?: number;
  readonly isExact: boolean;
  /** True if the only statement that can refer to it contains it in a text, such as a body. */
  readonly inText: boolean;
  /** The possible positions, if several statements can refer to it. */
  readonly candidates: readonly number[];
}

/** A statement that can refer to the name. */
interface Candidate {
  readonly statement: ParsedStatement;
  readonly mentions: readonly Mention[];
}

/** Finds the statement that contains a name from an error, with the parse tree; texts that a statement may run are searched, too. */
export function placeByName(sql: string, parsed: Parsed, subject: ErrorSubject): NamePlace {
  const found = parsed.statements.flatMap((statement) => candidateOf(statement, subject) ?? []);
  const none = { isExact: false, inText: false, candidates: [] };
  const [only, second] = found;
  if (only === undefined) return none;
  if (second !== undefined) {
    const candidates = found.flatMap(({ statement }) => placesIn(sql, statement, subject));
    return { ...none, candidates };
  }
  const { statement, mentions } = only;
  if (mentions.length === 0)
    return { ...none, inText: true, candidates: placesIn(sql, statement, subject) };
  const exact = exactPlace(sql, parsed, only, subject);
  return { ...none, at: exact ?? statement.start, isExact: exact !== undefined };
}

function candidateOf(statement: ParsedStatement, subject: ErrorSubject): Candidate | undefined {
  const [command = ""] = Object.keys(statement.node);
  const all = mentionsIn(statement.node);
  const named = canFail(command, subject, all.mentions)
    ? all.mentions.filter((mention) => isMeant(mention, subject, command))
    : [];
  const mentions = named.length > 0 ? named : tableOfNewRows(command, subject, all.mentions);
  const inText = all.texts.some((text) => lastNames(subject).some((name) => contains(text, name)));
  const isCandidate = mentions.length > 0 || inText || mayCascade(command, subject);
  return isCandidate ? { statement, mentions } : undefined;
}

/** Whether a statement can fail with such an error at all. */
function canFail(command: string, subject: ErrorSubject, mentions: readonly Mention[]): boolean {
  const { claim, kind, table } = subject;
  const hasTable =
    table === undefined || mentions.some(({ parts }) => holds(parts, [table]) !== undefined);
  if (!hasTable) return false;
  if (claim === "breaks") return breakers.test(command);
  if (claim === "needed") return /^(?:Drop|Alter)/.test(command);
  // DROP reports a relation by its kind, all other statements as `relation`.
  const isOfDrop = /^(?:table|view|materialized view|foreign table|sequence)$/.test(kind);
  return claim !== "missing" || !isOfDrop || command === "DropStmt";
}

const breakers =
  /^(?:Insert|Update|Delete|Merge|Copy|AlterTable|Index|AlterDomain|CreateDomain|CreateTableAs|RefreshMatView|Reindex|Execute|Select|Truncate)Stmt$/;

/** The mentions of a column's table in a statement that may insert rows: it can leave out a column that must not be null. */
function tableOfNewRows(
  command: string,
  { kind, claim, table }: ErrorSubject,
  mentions: readonly Mention[],
): readonly Mention[] {
  const canOmit = kind === "column" && claim === "breaks" && insertions.test(command);
  if (!canOmit || table === undefined) return [];
  return mentions.filter(({ parts }) => holds(parts, [table]) !== undefined);
}

const insertions = /^(?:Insert|Merge|Copy)Stmt$/;

/** Foreign keys pass a change on to other tables. */
function mayCascade(command: string, { cascades }: ErrorSubject): boolean {
  return cascades && /^(?:Update|Delete|Merge|Truncate)Stmt$/.test(command);
}

function isMeant(mention: Mention, subject: ErrorSubject, command: string): boolean {
  const { claim } = subject;
  const isMoved = command === "AlterObjectSchemaStmt";
  // An object that is created in a schema needs the schema.
  const isNeeded =
    mention.role === "refers" || (subject.kind === "schema" && mention.what !== "object");
  if (claim === "missing" && !isNeeded) return false;
  if (claim === "exists" && mention.role !== "makes" && !isMoved) return false;
  return subject.names.some((name) => matches(mention, name, subject, command));
}

/** The kinds in the tree for a kind in a message. */
const mentionedAs: readonly (readonly [RegExp, readonly Mention["what"][]])[] = [
  [/^column$/, ["column", "object"]],
  [/^(?:type|domain)$/, ["type", "object", "relation"]],
  [/^(?:function|procedure|aggregate)$/, ["function", "object"]],
  [
    /^(?:relation|table|view|index|sequence|foreign table|materialized view)$/,
    ["relation", "object"],
  ],
  [/^schema$/, ["relation", "type", "function", "column", "object"]],
];

function matches(
  mention: Mention,
  name: readonly string[],
  subject: ErrorSubject,
  command: string,
): boolean {
  const { what, parts } = mention;
  const { kind, claim, asWritten } = subject;
  // `missing FROM-clause entry for table "x"`
  if (kind === "table" && claim === "other" && what === "column")
    return holds(parts.slice(0, -1), name) !== undefined;
  const at = holds(parts, name);
  if (at === undefined || !isOfKind(mention, kind)) return false;
  const isLast = at + name.length === parts.length;
  // DROP reports the kind of the object that it drops.
  if (what === "object") return !(kind === "relation" && command === "DropStmt" && isLast);
  if (kind === "schema") return !isLast;
  return isLast && (!asWritten || at === 0);
}

function isOfKind({ what, role }: Mention, kind: string): boolean {
  const as = mentionedAs.find(([kinds]) => kinds.test(kind))?.[1] ?? ["object"];
  // Creating a table also creates a type with its name.
  const isTableForType = what === "relation" && /^(?:type|domain)$/.test(kind);
  return as.includes(what) && (!isTableForType || role === "makes");
}

/** The position of a sequence of names in another one. */
function holds(parts: readonly string[], name: readonly string[]): number | undefined {
  const at = parts.findIndex((_part, i) => name.every((each, k) => parts[i + k] === each));
  return at === -1 ? undefined : at;
}

function lastNames({ names }: ErrorSubject): string[] {
  return [...new Set(names.flatMap((parts) => parts.at(-1) ?? []))];
}

function contains(text: string, name: string): boolean {
  return text.toLowerCase().includes(name.toLowerCase());
}

/** Undefined if the statement contains the name more than once. */
function exactPlace(
  sql: string,
  { indexOf }: Parsed,
  { statement, mentions }: Candidate,
  subject: ErrorSubject,
): number | undefined {
  const places = identifiersIn(sql, statement, subject);
  const [place, second] = places;
  if (second === undefined) return place;
  const [mention, other] = mentions;
  if (mention === undefined || other !== undefined) return undefined;
  const from = mention.location === undefined ? undefined : indexOf(mention.location);
  return from === undefined ? undefined : places.find((at) => at >= from);
}

/** The possible position of the name in a statement; the statement's beginning if the name is only in a text. */
function placesIn(sql: string, statement: ParsedStatement, subject: ErrorSubject): number[] {
  const places = identifiersIn(sql, statement, subject);
  return places.length > 0 ? places : [statement.start];
}

/** Outside comments and strings. */
function identifiersIn(
  sql: string,
  { start, end }: ParsedStatement,
  subject: ErrorSubject,
): number[] {
  const names = new Set<string | undefined>(lastNames(subject));
  return [...tokenize(sql.slice(start, end))].flatMap((token) => {
    const name = nameOf(token);
    return name !== undefined && names.has(name) ? [start + token.start] : [];
  });
}
