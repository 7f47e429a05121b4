import { didYouMean } from "../did-you-mean.ts";
import { shortenList } from "../shorten-list.ts";
import { isEmptySql } from "../engine/sql/is-empty.ts";
import { allowancesIn, type Allowance } from "./allowances.ts";
import { parseFile, type ParsedFile } from "./do-blocks.ts";
import type { Finding, LintFile, LintMigration, MetadataFault } from "./finding.ts";
import type { RemovedName } from "../engine/plan/assessment.ts";
import { isThere } from "./removals.ts";
import { allRules } from "./rules/all-rules.ts";
import { ruleIds, type RuleId, type Severity } from "./rules/rule-ids.ts";
import type { LintStatement, Problem, Rule } from "./rules/rule.ts";
import { emptySchema, type Schema, startRun } from "./schema.ts";
import { afterStatement } from "./after-statement.ts";
import { statementsOf } from "./statements.ts";
import { withoutTemporary, withTemporaryNames } from "./temporary-tables.ts";

export interface LintOptions {
  /** Severities of rules, instead of their defaults. */
  readonly severities?: Readonly<Partial<Record<RuleId, Severity | undefined>>>;
  /** True if all checked migrations are applied together, so that all of their tables are new; otherwise each is applied separately. */
  readonly oneRun?: boolean;
  /**
   * The places of the project's metadata that use a name of a database, whose schema before the removal is `before`. Without it,
   * `used-by-metadata` is not checked.
   */
  readonly usesOf?: (database: string, removal: RemovedName, before: Schema) => readonly string[];
  /** Why the project's metadata cannot be read; nothing, if it can. */
  readonly metadataFaults?: readonly MetadataFault[];
}

/**
 * Checks migrations against every rule, in the order in which they are applied. What they create is remembered, because it affects
 * later ones. The findings are in the order of the files and of their lines, those of the metadata last.
 */
export async function lint(
  migrations: readonly LintMigration[],
  options: LintOptions = {},
): Promise<Finding[]> {
  const linter: Linter = { rules: activeRules(options), found: [] };
  const schemas = new Map<string, Schema>();
  const started = new Set<string>();
  for (const migration of migrations) {
    const { database, isKnown = false } = migration;
    const before = schemas.get(database) ?? emptySchema;
    const continues = options.oneRun === true && !isKnown && started.has(database);
    if (!isKnown) started.add(database);
    schemas.set(
      database,
      await afterMigration(linter, migration, continues ? before : startRun(before)),
    );
  }
  return [
    ...linter.found.flatMap((found) => settled(found, schemas, options)),
    ...metadataFindings(linter, options),
  ];
}

function metadataFindings({ rules }: Linter, { metadataFaults = [] }: LintOptions): Finding[] {
  const rule = rules.get("unreadable-metadata");
  if (rule === undefined) return [];
  return metadataFaults.map(({ advice = rule.safeWay, ...fault }) => ({
    ...{ rule: rule.id, severity: rule.severity },
    ...fault,
    safeWay: advice,
  }));
}

/** A finding, unless it is about a name that exists again after the last migration or that the metadata does not use. */
function settled(
  { finding, database, removal, before }: Found,
  schemas: ReadonlyMap<string, Schema>,
  { usesOf }: LintOptions,
): Finding[] {
  if (removal === undefined) return [finding];
  if (isThere(removal, schemas.get(database) ?? emptySchema)) return [];
  const uses = usesOf?.(database, removal, before) ?? [];
  if (uses.length === 0) return [];
  return [{ ...finding, message: `${finding.message} See ${shortenList(uses)}.` }];
}

interface ActiveRule extends Rule {
  readonly severity: Finding["severity"];
}

interface Linter {
  readonly rules: ReadonlyMap<RuleId, ActiveRule>;
  readonly found: Found[];
}

interface Found {
  readonly finding: Finding;
  readonly database: string;
  readonly removal: RemovedName | undefined;
  /** The schema before the statement. */
  readonly before: Schema;
}

function activeRules({ severities = {} }: LintOptions): Map<RuleId, ActiveRule> {
  const rules = new Map<RuleId, ActiveRule>();
  for (const rule of allRules) {
    const severity = severities[rule.id] ?? rule.severity;
    if (severity !== "off") rules.set(rule.id, { ...rule, severity });
  }
  return rules;
}

async function afterMigration(
  linter: Linter,
  migration: LintMigration,
  schema: Schema,
): Promise<Schema> {
  const { database, up, down, isKnown = false } = migration;
  const parsedUp = up && (await parseFile(up.text));
  if (isKnown) return parsedUp === undefined ? schema : lastSchema(parsedUp, schema);
  const file = up && new LintedFile(linter, up, { database, direction: "up" });
  const after = file && parsedUp ? file.check(parsedUp, schema) : schema;
  if (down === undefined)
    file?.report("missing-down", { message: "The migration has no down.sql, or an empty one." });
  else await checkDown(linter, down, database, after);
  file?.finish();
  return after;
}

async function checkDown(
  linter: Linter,
  down: LintFile,
  database: string,
  after: Schema,
): Promise<void> {
  const file = new LintedFile(linter, down, { database, direction: "down" });
  if (isEmptySql(down.text) && down.problem === undefined)
    file.report("blank-down", { message: "The file contains no statement." });
  file.check(await parseFile(down.text), startRun(after));
  file.finish();
}

function lastSchema(parsed: ParsedFile, schema: Schema): Schema {
  if (parsed.kind !== "parsed") return schema;
  const statements = [...withTemporaryNames(parsed.statements)];
  return statements.reduce(
    (next, { node }) => afterStatement(next, node),
    withoutTemporary(schema),
  );
}

/** The position of a problem. */
interface At {
  readonly offset: number;
  readonly statement?: { readonly number: number; readonly text: string };
  readonly locks?: LintStatement["locks"];
  readonly schema?: Schema;
}

/** The findings of one file, without those that it allows. */
class LintedFile {
  readonly #linter: Linter;
  readonly #file: LintFile;
  readonly #database: string;
  readonly #direction: LintStatement["direction"];
  readonly #findings: (Found & { readonly number: number | undefined })[] = [];
  #allowances: readonly Allowance[] = [];

  constructor(
    linter: Linter,
    file: LintFile,
    { database, direction }: { readonly database: string } & Pick<LintStatement, "direction">,
  ) {
    this.#linter = linter;
    this.#file = file;
    this.#database = database;
    this.#direction = direction;
    this.#allowances = allowancesIn(file.text, []);
  }

  /** Checks its statements, and returns the schema after them. */
  check(parsed: ParsedFile, before: Schema): Schema {
    const { text, problem } = this.#file;
    if (problem !== undefined) {
      this.report("unreadable-file", { message: problem });
      return before;
    }
    if (parsed.kind === "syntax-error") {
      this.report("syntax-error", { message: sentence(parsed.message) }, { offset: parsed.offset });
      return before;
    }
    if (parsed.kind !== "parsed") {
      const why = parsed.kind === "too-large" ? "It is larger than 1 MB" : parsed.message;
      this.report("not-checked", { message: `The file was not checked: ${sentence(why)}` });
      return before;
    }
    this.#allowances = allowancesIn(text, parsed.statements);
    let schema = before;
    for (const { statement, number, start, end, after } of statementsOf(
      parsed.statements,
      { text, direction: this.#direction },
      before,
    )) {
      const { locks } = statement;
      const written = { number, text: text.slice(start, end) };
      const at = { offset: start, statement: written, locks, schema: statement.schema };
      this.#checkStatement(statement, at, parsed.indexOf);
      schema = after;
    }
    return schema;
  }

  #checkStatement(statement: LintStatement, at: At, indexOf: (location: number) => number): void {
    for (const { id, check, inDown = false } of this.#linter.rules.values()) {
      if (check === undefined || (this.#direction === "down" && !inDown)) continue;
      for (const problem of check(statement)) {
        const { location } = problem;
        this.report(
          id,
          problem,
          location === undefined ? at : { ...at, offset: indexOf(location) },
        );
      }
    }
  }

  report(
    id: RuleId,
    problem: Problem,
    { offset, statement, locks = [], schema = emptySchema }: At = { offset: 0 },
  ): void {
    const rule = this.#linter.rules.get(id);
    if (rule === undefined) return;
    const { message, table } = problem;
    const lock = locks.find((each) => each.table === table);
    const finding: Finding = {
      rule: id,
      severity: rule.severity,
      file: this.#file.path,
      ...placeIn(this.#file.text, offset),
      ...(statement && { statement: statement.text }),
      message,
      safeWay: problem.safeWay ?? rule.safeWay,
      ...(table !== undefined && { table }),
      ...(lock && { lock }),
    };
    const { removal } = problem;
    this.#findings.push({
      ...{ finding, removal, database: this.#database, before: schema },
      number: statement?.number,
    });
  }

  /** Returns the findings that are not allowed, by line. */
  finish(): void {
    const used = new Set<string>();
    const kept = this.#findings.filter(({ finding, number }) => {
      const allowing = this.#allowances.filter(
        ({ rules, reason, statement }) =>
          reason !== undefined &&
          rules.includes(finding.rule) &&
          (statement === "all" || statement === number),
      );
      for (const { start } of allowing) used.add(`${String(start)} ${finding.rule}`);
      return allowing.length === 0;
    });
    this.#findings.splice(0, this.#findings.length, ...kept);
    for (const allowance of this.#allowances) this.#checkAllowance(allowance, used);
    this.#linter.found.push(
      ...this.#findings.toSorted(
        ({ finding: a }, { finding: b }) => a.line - b.line || a.column - b.column,
      ),
    );
  }

  #checkAllowance({ rules, reason, start }: Allowance, used: ReadonlySet<string>): void {
    const at = { offset: start };
    if (rules.length === 0)
      this.report("bad-directive", { message: "The directive names no rule." }, at);
    for (const name of rules) {
      const id = ruleIds.find((known) => known === name);
      if (id === undefined)
        this.report(
          "bad-directive",
          { message: `There is no rule ${name}.${didYouMean(name, ruleIds)}` },
          at,
        );
      else if (reason === undefined)
        this.report(
          "bad-directive",
          { message: `The directive gives no reason for allowing ${name}.` },
          at,
        );
      else if (this.#linter.rules.has(id) && !used.has(`${String(start)} ${name}`))
        this.report(
          "unneeded-allow",
          { message: `The directive is not needed: ${name} finds nothing here.` },
          at,
        );
    }
  }
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function placeIn(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset);
  const lines = before.split(/\r\n|\n|\r/);
  return { line: lines.length, column: Array.from(lines.at(-1) ?? "").length + 1 };
}
