import type {
  AssessFiles,
  DroppedObject,
  FileAssessment,
  FileToAssess,
  ReadFacts,
  RemovedName,
  TableFacts,
  UsedName,
} from "../engine/plan/assessment.ts";
import { lineAt } from "../engine/sql/lexer.ts";
import { passwordMask } from "../engine/sql/mask-passwords.ts";
import type { StatementImpact } from "../protocol/impact.ts";
import { type ParsedSql, parseSql } from "../sql-parser/parse-sql.ts";
import { allowancesIn, type Allowance } from "./allowances.ts";
import { parseFile } from "./do-blocks.ts";
import { effectsOf, impactOf, isSensitive, type Effect } from "./impact.ts";
import { namedTables, truncatedTables, withReferring } from "./locks.ts";
import { relationName } from "./names.ts";
import { partitionedBy } from "./partitions.ts";
import { afterStatement as originsAfter, nameBefore, noOrigins, originOf } from "./origins.ts";
import type { LintStatement } from "./rules/rule.ts";
import { emptySchema, isNewRelation, startRun, type Schema } from "./schema.ts";
import { afterStatement, withDefault } from "./after-statement.ts";
import { newName } from "./after-rename.ts";
import { removalsIn } from "./removals.ts";
import { afterFile, pathAfter, placesOf, usualPath } from "./search-path.ts";
import { statementsOf, type StatementInFile } from "./statements.ts";
import { mayBeDomain, retypedColumns, usedNames } from "./used-names.ts";

/**
 * Examines the files of a plan for what they do to tables that exist. The files are read once to find the tables, the other objects
 * with which data is lost, and the domains and functions that new columns use; if there are any, the database is asked which exist, and for
 * columns and sizes, and the files are read again with that knowledge. What the run creates is exempt. Only the effects of a file are kept, because parse trees are large.
 */
export const assessFiles: AssessFiles = async (files, read) => {
  const first = new Assessment(emptySchema, {});
  const assessed = await inOrder(files, first);
  const facts = await factsFor(first, read);
  const known = facts.tables ?? facts.missing ?? facts.definitions;
  if (known === undefined) return assessed;
  return inOrder(files, new Assessment(await schemaFrom(facts), facts));
};

/** The answers of the database; absent where nothing was asked, or not answered. */
interface Facts {
  readonly tables?: ReadonlyMap<string, TableFacts>;
  /** Objects that do not exist, as `keyOf` writes them. */
  readonly missing?: ReadonlySet<string>;
  /** CREATE statements. */
  readonly definitions?: readonly string[];
}

async function factsFor(first: Assessment, read: ReadFacts): Promise<Facts> {
  const [names, objects] = [first.tables(), first.objects()];
  const tables = names.length === 0 ? undefined : await read.tables(names, first.cascading());
  const found = objects.length === 0 ? undefined : await read.objects(objects);
  const missing = found && objects.filter((_, i) => !found.has(i)).map(keyOf);
  const used = first.usedNames(await schemaFrom({ ...(tables && { tables }) }));
  const definitions = used.length === 0 ? undefined : await read.definitions(used);
  return {
    ...(tables && { tables }),
    ...(missing && { missing: new Set(missing) }),
    ...(definitions && { definitions }),
  };
}

function keyOf({ kind, name }: { readonly kind: string; readonly name: string }): string {
  return `${kind} ${name}`;
}

async function inOrder(
  files: readonly FileToAssess[],
  assessment: Assessment,
): Promise<FileAssessment[]> {
  const assessed: FileAssessment[] = [];
  for (const file of files) assessed.push(await assessment.file(file));
  return assessed;
}

/** What the database defines, without definitions that cannot be parsed. */
async function schemaFrom({ tables = new Map(), definitions = [] }: Facts): Promise<Schema> {
  let schema = emptySchema;
  for (const definition of definitions) schema = await afterDefinition(schema, definition);
  for (const [name, { definition, defaultPartition }] of tables) {
    schema = await afterDefinition(schema, definition);
    if (defaultPartition !== undefined) schema = withDefault(schema, name, defaultPartition);
  }
  return schema;
}

async function afterDefinition(schema: Schema, definition: string): Promise<Schema> {
  const parsed = await parseSql(definition);
  if (parsed.kind !== "parsed") return schema;
  return parsed.statements.reduce((next, { node }) => afterStatement(next, node), schema);
}

/** One reading of all files. */
class Assessment {
  readonly #facts: Facts;
  /** Other objects with which data is lost, and that may be from before the run. */
  readonly #objects = new Map<string, DroppedObject>();
  /** Tables with an effect, and those that may exist although a file creates them. */
  readonly #tables = new Set<string>();
  /** Tables that are truncated with CASCADE. */
  readonly #cascading = new Set<string>();
  /** Domains and functions that new columns use, as `keyOf` writes them. */
  readonly #used = new Map<string, UsedName>();
  /** Columns whose type is changed, with the names that their tables may have had before the run. */
  readonly #retyped: { readonly places: readonly string[]; readonly column: string }[] = [];
  /** Names that CREATE TABLE IF NOT EXISTS may not have created. */
  readonly #optional = new Set<string>();
  #schema: Schema;
  #path = usualPath;
  #origins = noOrigins;

  constructor(schema: Schema, facts: Facts) {
    this.#schema = startRun(schema);
    this.#facts = facts;
  }

  tables(): string[] {
    return [...this.#tables];
  }

  cascading(): ReadonlySet<string> {
    return this.#cascading;
  }

  objects(): DroppedObject[] {
    return [...this.#objects.values()];
  }

  /** Domains and functions that decide what the files do; those of columns are found in the schema of the database. */
  usedNames(schema: Schema): UsedName[] {
    const types = this.#retyped.flatMap(({ places, column }) =>
      places.flatMap((place) => schema.tables.get(place)?.columns.get(column)?.type.name ?? []),
    );
    const used = new Map(this.#used);
    for (const name of types.filter((each) => mayBeDomain(each, schema)))
      used.set(keyOf({ kind: "domain", name }), { kind: "domain", name, places: [name] });
    return [...used.values()];
  }

  async file({ direction, sql }: FileToAssess): Promise<FileAssessment> {
    const text = await sql();
    const parsed = await parseFile(text);
    this.#path = afterFile(this.#path);
    if (parsed.kind !== "parsed")
      return { statements: [], notAssessed: whyNot(parsed, text), isSensitive: false };
    const allowances = allowancesIn(text, parsed.statements);
    const statements: StatementImpact[] = [];
    const removals: RemovedName[] = [];
    let sensitive = false;
    for (const found of statementsOf(parsed.statements, { text, direction }, this.#schema)) {
      const line = lineAt(text, found.start);
      const allowed = allowedIn(allowances, found.number);
      for (const effect of [...effectsOf(found.statement), ...this.#cascaded(found.statement)]) {
        sensitive ||= isSensitive(effect);
        const impact = this.#impactOf(effect, line, allowed);
        if (impact) statements.push(impact);
      }
      removals.push(...removalsIn(found.statement.node));
      this.#after(found);
    }
    return { statements, isSensitive: sensitive, ...(removals.length > 0 && { removals }) };
  }

  #impactOf(
    effect: Effect,
    line: number,
    allowed: ReadonlySet<string>,
  ): StatementImpact | undefined {
    const { table, isNew } = effect;
    if (table === undefined)
      return this.#losesNothing(effect.object)
        ? undefined
        : impactOf(effect, { line, facts: undefined, allowed });
    if (!isNew || this.#optional.has(table)) this.#ask(table);
    if (isNew) return undefined;
    const places = placesOf(nameBefore(this.#origins, table), this.#path);
    const facts = this.#factsOf(places);
    // A table that does not exist yet has no data.
    if (this.#facts.tables && places !== undefined && facts === undefined) return undefined;
    return impactOf(effect, { line, facts, allowed });
  }

  /** True for an object that the run has created, or that does not exist when it begins: no earlier data is lost with it. */
  #losesNothing(object: DroppedObject | undefined): boolean {
    if (object === undefined) return false;
    const origin = originOf(this.#origins, object);
    if (origin !== "unknown") return origin === "run";
    const { kind, name } = object;
    const isGlobal = kind === "schema" || kind === "extension";
    const places = isGlobal ? [name] : placesOf(name, this.#path);
    if (places === undefined) return false;
    const asked = places.map((place) => ({ kind, name: place }));
    for (const each of asked) this.#objects.set(keyOf(each), each);
    return asked.every((each) => this.#facts.missing?.has(keyOf(each)) === true);
  }

  /** Tables that TRUNCATE … CASCADE empties, and that only the search path connects with the tables that it names. */
  #cascaded({ node, schema }: LintStatement): Effect[] {
    if (!("TruncateStmt" in node) || node.TruncateStmt.behavior !== "DROP_CASCADE") return [];
    const named = namedTables(node.TruncateStmt);
    for (const place of named.flatMap((table) => this.#placesBefore(table)))
      this.#cascading.add(place);
    const places = named.flatMap((table) => placesOf(table, this.#path) ?? []);
    const known = new Set([...places, ...truncatedTables(node.TruncateStmt, schema)]);
    return withReferring(places, schema)
      .filter((table) => !known.has(table))
      .map((table) => ({
        ...{ table, loses: { what: "rows", name: table }, rules: ["drop-data"] },
        isNew: isNewRelation(schema, table),
      }));
  }

  #ask(table: string): void {
    for (const place of this.#placesBefore(table)) this.#tables.add(place);
  }

  /** The names that a table may have had before the run. */
  #placesBefore(table: string): readonly string[] {
    return placesOf(nameBefore(this.#origins, table), this.#path) ?? [];
  }

  /** The facts of the first of these tables that may have rows, or else of the first one. */
  #factsOf(places: readonly string[] = []): TableFacts | undefined {
    const found = places.flatMap((place) => this.#facts.tables?.get(place) ?? []);
    return found.find(({ isEmpty }) => !isEmpty) ?? found[0];
  }

  #after(found: StatementInFile): void {
    const { statement, after } = found;
    const { node } = statement;
    this.#schema = after;
    this.#path = pathAfter(this.#path, node);
    const optional = "CreateStmt" in node && node.CreateStmt.if_not_exists && node.CreateStmt;
    if (optional && optional.relation) this.#optional.add(relationName(optional.relation));
    const names = newName(node);
    if (names !== undefined) this.#ask(names.from);
    for (const { kind, name } of usedNames(statement)) {
      const places = placesOf(name, this.#path);
      if (places) this.#used.set(keyOf({ kind, name }), { kind, name, places });
    }
    for (const { table, column } of retypedColumns(statement))
      this.#retyped.push({ places: this.#placesBefore(table), column });
    const partitioned = partitionedBy(node);
    if (partitioned !== undefined) this.#ask(partitioned);
    this.#origins = originsAfter(this.#origins, statement);
  }
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
      return `line ${String(lineAt(text, parsed.offset))}: ${withoutPassword(parsed, text)}`;
    case "too-large":
      return "it is larger than 1 MB";
    case "failed":
      return parsed.message;
  }
}

/** A syntax error without the token that it repeats, if that may be a password: it is shown to whoever can see the plan. */
function withoutPassword(
  { message, offset }: Extract<ParsedSql, { kind: "syntax-error" }>,
  text: string,
): string {
  const isPassword = /\bpassword\b"?[\s=:>(]*['$]?$/i.test(text.slice(0, offset));
  const masked = isPassword ? message.replace(/ at or near "[^]*"$/, "") : message;
  return passwordMask(text)(masked);
}
