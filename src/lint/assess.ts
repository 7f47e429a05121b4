import type { Node } from "@pgsql/types";
import type {
  AssessFiles,
  FileAssessment,
  FileToAssess,
  TableFacts,
} from "../engine/plan/assessment.ts";
import { lineAt } from "../engine/sql/lexer.ts";
import type { StatementImpact } from "../protocol/impact.ts";
import { type ParsedSql, parseSql } from "../sql-parser/parse-sql.ts";
import { allowancesIn, type Allowance } from "./allowances.ts";
import { effectsOf, impactOf, isSensitive, type Effect } from "./impact.ts";
import { qualified, relationName, stringsOf } from "./names.ts";
import {
  afterStatement,
  emptySchema,
  isNewRelation,
  newName,
  startRun,
  type Schema,
} from "./schema.ts";
import { afterFile, pathAfter, placesOf, usualPath } from "./search-path.ts";
import { statementsOf, type StatementInFile } from "./statements.ts";

/**
 * Examines the files of a plan for what they do to tables that exist. The files are read once to find the tables; if there are any,
 * the database is asked for their columns and sizes, and the files are read again with that knowledge. A table that the run creates is
 * exempt. Only the effects of a file are kept, because parse trees are large.
 */
export const assessFiles: AssessFiles = async (files, readTables) => {
  const first = new Assessment(emptySchema, undefined);
  const assessed = await inOrder(files, first);
  const names = first.tables();
  if (names.length === 0) return assessed;
  const facts = await readTables(names);
  if (facts === undefined) return assessed;
  return inOrder(files, new Assessment(await schemaFrom(facts), facts));
};

async function inOrder(
  files: readonly FileToAssess[],
  assessment: Assessment,
): Promise<FileAssessment[]> {
  const assessed: FileAssessment[] = [];
  for (const file of files) assessed.push(await assessment.file(file));
  return assessed;
}

/** The tables as the database defines them, without definitions that cannot be parsed. */
async function schemaFrom(facts: ReadonlyMap<string, TableFacts>): Promise<Schema> {
  let schema = emptySchema;
  for (const { definition } of facts.values()) {
    const parsed = await parseSql(definition);
    if (parsed.kind !== "parsed") continue;
    schema = parsed.statements.reduce((next, { node }) => afterStatement(next, node), schema);
  }
  return schema;
}

/** One reading of all files. */
class Assessment {
  readonly #facts: ReadonlyMap<string, TableFacts> | undefined;
  /** Tables with an effect, and those that may exist although a file creates them. */
  readonly #tables = new Set<string>();
  /** Names that CREATE TABLE IF NOT EXISTS may not have created. */
  readonly #optional = new Set<string>();
  /** New name → the name that the table had before the run. */
  readonly #renamed = new Map<string, string>();
  /** Schemas, types and extensions that the run has created, as `createdBy` writes them. */
  readonly #created = new Set<string>();
  #schema: Schema;
  #path = usualPath;

  constructor(schema: Schema, facts: ReadonlyMap<string, TableFacts> | undefined) {
    this.#schema = startRun(schema);
    this.#facts = facts;
  }

  tables(): string[] {
    return [...this.#tables];
  }

  async file({ direction, sql }: FileToAssess): Promise<FileAssessment> {
    const text = await sql();
    const parsed = await parseSql(text);
    this.#path = afterFile(this.#path);
    if (parsed.kind !== "parsed")
      return { statements: [], notAssessed: whyNot(parsed, text), isSensitive: false };
    const allowances = allowancesIn(text, parsed.statements);
    const statements: StatementImpact[] = [];
    let sensitive = false;
    for (const found of statementsOf(parsed.statements, { text, direction }, this.#schema)) {
      const line = lineAt(text, found.start);
      const allowed = allowedIn(allowances, found.number);
      for (const effect of effectsOf(found.statement)) {
        sensitive ||= isSensitive(effect);
        const impact = this.#impactOf(effect, line, allowed);
        if (impact) statements.push(impact);
      }
      this.#after(found);
    }
    return { statements, isSensitive: sensitive };
  }

  #impactOf(
    effect: Effect,
    line: number,
    allowed: ReadonlySet<string>,
  ): StatementImpact | undefined {
    const { table, isNew } = effect;
    if (table === undefined)
      return this.#isOfRun(effect)
        ? undefined
        : impactOf(effect, { line, facts: undefined, allowed });
    if (!isNew || this.#optional.has(table)) this.#ask(table);
    if (isNew) return undefined;
    const places = placesOf(this.#renamed.get(table) ?? table, this.#path);
    const facts = this.#factsOf(places);
    // A table that does not exist yet has no data.
    if (this.#facts && places !== undefined && facts === undefined) return undefined;
    return impactOf(effect, { line, facts, allowed });
  }

  /** True for the loss of a schema or a type that the run has created, unless a table has been moved into the schema. */
  #isOfRun({ loses }: Effect): boolean {
    if (loses === undefined || !this.#created.has(`${loses.what} ${loses.name}`)) return false;
    return ![...this.#renamed.keys()].some((table) => table.startsWith(`${loses.name}.`));
  }

  #ask(table: string): void {
    for (const place of placesOf(table, this.#path) ?? []) this.#tables.add(place);
  }

  /** The facts of the first of these tables that may have rows, or else of the first one. */
  #factsOf(places: readonly string[] = []): TableFacts | undefined {
    const found = places.flatMap((place) => this.#facts?.get(place) ?? []);
    return found.find(({ isEmpty }) => !isEmpty) ?? found[0];
  }

  #noteObjects({ statement: { node, schema } }: StatementInFile): void {
    const created = createdBy(node);
    if (created !== undefined) this.#created.add(created);
    if (!("AlterTableStmt" in node)) return;
    const { relation, cmds = [] } = node.AlterTableStmt;
    const isNew = relation !== undefined && isNewRelation(schema, relationName(relation));
    const changesType = cmds.some(
      (command) =>
        "AlterTableCmd" in command && command.AlterTableCmd.subtype === "AT_AlterColumnType",
    );
    // From now on a column with earlier data may depend on a new type.
    if (changesType && !isNew) this.#created.clear();
  }

  #after(found: StatementInFile): void {
    const { statement, after } = found;
    const { node } = statement;
    this.#schema = after;
    this.#path = pathAfter(this.#path, node);
    this.#noteObjects(found);
    const optional = "CreateStmt" in node && node.CreateStmt.if_not_exists && node.CreateStmt;
    if (optional && optional.relation) this.#optional.add(relationName(optional.relation));
    const names = newName(node);
    if (names === undefined) return;
    this.#ask(names.from);
    this.#renamed.set(names.to, this.#renamed.get(names.from) ?? names.from);
  }
}

/**
 * The schema, type or extension that a statement certainly creates: what is lost with it, and its name. IF NOT EXISTS may have created
 * nothing.
 */
function createdBy(node: Node): string | undefined {
  if ("CreateSchemaStmt" in node) {
    const { schemaname = "", if_not_exists: isOptional } = node.CreateSchemaStmt;
    return isOptional ? undefined : `schema ${schemaname}`;
  }
  if ("CreateExtensionStmt" in node) {
    const { extname = "", if_not_exists: isOptional } = node.CreateExtensionStmt;
    return isOptional ? undefined : `dependents ${extname}`;
  }
  if ("CompositeTypeStmt" in node) {
    const { typevar } = node.CompositeTypeStmt;
    return typevar && `dependents ${relationName(typevar)}`;
  }
  const name =
    "CreateEnumStmt" in node
      ? node.CreateEnumStmt.typeName
      : "CreateDomainStmt" in node
        ? node.CreateDomainStmt.domainname
        : undefined;
  return name && `dependents ${qualified(stringsOf(name))}`;
}

function allowedIn(allowances: readonly Allowance[], number: number): Set<string> {
  return new Set(
    allowances
      .filter(
        ({ reason, statement }) =>
          reason !== undefined && (statement === "all" || statement === number),
      )
      .flatMap(({ rules }) => rules),
  );
}

function whyNot(parsed: Exclude<ParsedSql, { kind: "parsed" }>, text: string): string {
  switch (parsed.kind) {
    case "syntax-error":
      return `line ${String(lineAt(text, parsed.offset))}: ${parsed.message}`;
    case "too-large":
      return "it is larger than 1 MB";
    case "failed":
      return parsed.message;
  }
}
