import type { TableFacts } from "../engine/plan/assessment.ts";
import {
  allowableRules,
  lossRules,
  type AllowableRule,
  type StatementImpact,
} from "../protocol/impact.ts";
import { blockedBy, type StatementLock } from "./lock.ts";
import { lossesOf, type Loss } from "./losses.ts";
import { relationName } from "./names.ts";
import { allRules } from "./rules/all-rules.ts";
import type { RuleId } from "./rules/rule-ids.ts";
import { isEmptied, lockDuring, type LintStatement, type Problem } from "./rules/rule.ts";
import { isNewRelation } from "./schema.ts";

/** A table up to this size, in bytes with its indexes, is read or rewritten in milliseconds, which is not a risk. */
export const smallTableBytes = 1_000_000;

/** What a statement does to one table, judged only by the project's own statements. */
export interface Effect {
  readonly table?: string;
  readonly lock?: StatementLock;
  readonly loses?: Loss["loses"];
  readonly object?: Loss["object"];
  /** Rules that have a finding; first the one that allows a loss. */
  readonly rules: readonly RuleId[];
  /** The finding, for an effect that is neither a loss nor a scan or rewrite. */
  readonly message?: string;
  /** It reads or rewrites tables that it does not name, and blocks them meanwhile. */
  readonly blocksUnnamed?: true;
  /** The run has created the table. */
  readonly isNew: boolean;
}

interface FoundProblem extends Problem {
  readonly rule: RuleId;
  /** The plan shows it on a line of its own. */
  readonly isShown: boolean;
}

/** The effects of a statement that a plan shows: a loss, a scan or rewrite of a whole table, or a finding. */
export function effectsOf(statement: LintStatement): Effect[] {
  const problems = problemsIn(statement);
  const losses = lossesOf(statement);
  const locks = statement.locks.filter((lock) => isHeavy(lock, statement));
  const tables = new Set([
    ...losses.flatMap(({ table }) => table ?? []),
    ...locks.map(({ table }) => table),
    ...problems.flatMap(({ isShown, table }) => (isShown && table !== undefined ? [table] : [])),
  ]);
  return [
    ...[...tables].flatMap((table) => onTable(table, { statement, problems, losses, locks })),
    ...losses
      .filter(({ table }) => table === undefined)
      .map(({ loses, object, rule }): Effect => ({
        ...{ loses, rules: [rule], isNew: false },
        ...(object && { object }),
      })),
    ...problems
      .filter(({ table, isShown }) => isShown && table === undefined)
      // What CASCADE drops is part of the loss.
      .filter(({ rule }) => rule !== "drop-cascade" || losses.every(({ table }) => table))
      .map(({ rule, message }): Effect => ({
        ...{ rules: [rule], message, isNew: false },
        ...(rule === "maintenance-blocks" && { blocksUnnamed: true }),
      })),
  ];
}

function problemsIn(statement: LintStatement): FoundProblem[] {
  return allRules.flatMap(({ id, check, severity, inDown = false }) => {
    if (check === undefined || severity === "off") return [];
    // `lossesOf` finds the same, with more detail.
    const isOther = severity !== "info" && id !== "drop-data";
    const isShown = isOther && (statement.direction === "up" || inDown);
    // The function does not have the project's metadata.
    const found = check(statement).filter(({ removal }) => removal === undefined);
    return found.map((problem) => ({ ...problem, rule: id, isShown }));
  });
}

/** A scan or a rewrite of a table that the file has not emptied. The table at the other end of a new foreign key is only searched for keys. */
function isHeavy({ table, mode, effect }: StatementLock, statement: LintStatement): boolean {
  const { node } = statement;
  if ((effect !== "scan" && effect !== "rewrite") || isEmptied(statement, table)) return false;
  if (mode !== "SHARE ROW EXCLUSIVE" || !("AlterTableStmt" in node)) return true;
  const { relation } = node.AlterTableStmt;
  return relation === undefined || relationName(relation) === table;
}

function onTable(
  table: string,
  found: {
    readonly statement: LintStatement;
    readonly problems: readonly FoundProblem[];
    readonly losses: readonly Loss[];
    readonly locks: readonly StatementLock[];
  },
): Effect[] {
  const { statement, problems } = found;
  const isNew = isNewRelation(statement.schema, table);
  const heavy = found.locks.some((each) => each.table === table);
  // An earlier lock of the file is held while the table is read.
  const lock = heavy
    ? lockDuring(statement, table)
    : statement.locks.find((each) => each.table === table);
  const own = problems.filter((problem) => problem.table === table);
  const losses = found.losses.filter((loss) => loss.table === table);
  const rules = [...new Set([...losses, ...own].map(({ rule }) => rule))];
  const base = { table, ...(lock && { lock }), rules, isNew };
  if (losses.length > 0)
    return losses.map((loss) => ({ ...base, loses: loss.loses, isNew: loss.isNew }));
  if (heavy) return [base];
  return own.filter(({ isShown }) => isShown).map(({ message }) => ({ ...base, message }));
}

/** True if the effect is a risk on a table that exists and is large. */
export function isSensitive({ loses, lock, blocksUnnamed }: Effect): boolean {
  return loses !== undefined || blocksUnnamed === true || blocksLong(lock);
}

function blocksLong(lock: StatementLock | undefined): boolean {
  if (lock === undefined || (lock.effect !== "scan" && lock.effect !== "rewrite")) return false;
  return blockedBy(lock.mode) !== "schema changes";
}

/**
 * The effect as the plan reports it, or undefined if it is not shown. `facts`: what the database knows of the table; undefined if
 * it could not be asked. `allowed`: rules that the file allows for this statement.
 */
export function impactOf(
  effect: Effect,
  about: {
    readonly line: number;
    readonly facts: TableFacts | undefined;
    readonly allowed: ReadonlySet<string>;
  },
): StatementImpact | undefined {
  const { loses, rules, message } = effect;
  const { line, facts, allowed } = about;
  if (message !== undefined && rules.every((rule) => allowed.has(rule))) return undefined;
  if (facts?.isEmpty === true && loses === undefined && message === undefined) return undefined;
  return {
    line,
    ...whatHappens(effect),
    ...sizeOf(facts),
    rules: [...rules],
    ...(message !== undefined && { message }),
    ...riskWith(effect, facts, allowed),
  };
}

function whatHappens({ table, lock, loses }: Effect): Partial<StatementImpact> {
  return {
    ...(table !== undefined && { table }),
    ...(lock && { effect: lock.effect, lock: lock.mode, blocks: blockedBy(lock.mode) }),
    ...(loses && { effect: "data-loss", loses }),
  };
}

function sizeOf(facts: TableFacts | undefined): Pick<StatementImpact, "rows" | "bytes"> {
  const rows = facts?.isEmpty === true ? 0 : facts?.rows;
  return {
    ...(rows !== undefined && { rows }),
    ...(facts?.bytes !== undefined && { bytes: facts.bytes }),
  };
}

function riskWith(
  effect: Effect,
  facts: TableFacts | undefined,
  allowed: ReadonlySet<string>,
): Pick<StatementImpact, "risk" | "needs"> {
  const risk = riskOf(effect, facts);
  if (risk === undefined) return {};
  const needs = rulesNeeded(effect, facts).filter((rule) => !allowed.has(rule));
  return { risk, ...(needs.length > 0 && { needs }) };
}

function riskOf(effect: Effect, facts: TableFacts | undefined): StatementImpact["risk"] {
  if (facts?.isEmpty === true) return undefined;
  if (effect.loses !== undefined) return "data-loss";
  return isBlocking(effect, facts) ? "blocking" : undefined;
}

function isBlocking(
  { lock, message, blocksUnnamed }: Effect,
  facts: TableFacts | undefined,
): boolean {
  if (blocksUnnamed === true) return true;
  if (message !== undefined || !blocksLong(lock)) return false;
  return facts?.bytes === undefined || facts.bytes > smallTableBytes;
}

/** The rules that describe the risk. A scan or rewrite without a rule counts as maintenance. */
function rulesNeeded(effect: Effect, facts: TableFacts | undefined): AllowableRule[] {
  const allowable = allowableRules.filter((rule) => effect.rules.includes(rule));
  const forLoss = allowable.filter((rule) => lossRules.has(rule)).slice(0, 1);
  const forBlocking = allowable.filter((rule) => !lossRules.has(rule));
  if (effect.loses === undefined)
    return forBlocking.length > 0 ? forBlocking : ["maintenance-blocks"];
  return [...forLoss, ...(isBlocking(effect, facts) ? forBlocking : [])];
}
