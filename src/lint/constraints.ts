import type { Constraint, Node } from "@pgsql/types";
import { nodesIn, relationName, stringsOf } from "./names.ts";

/** A constraint of a table, as far as later statements depend on it. */
export interface KnownConstraint {
  /** EXCLUDE is `unique`: it has an index, too. */
  readonly kind: "check" | "foreign-key" | "primary-key" | "unique";
  /** The columns of the table that it applies to. */
  readonly columns: readonly string[];
  /** The table that a foreign key refers to, and its columns there, if they are written. */
  readonly target?: string;
  readonly targetColumns?: readonly string[];
  /** The columns that a CHECK ensures are not null. */
  readonly notNull: readonly string[];
  readonly isValid: boolean;
}

/**
 * The constraint that a statement adds to a table, with the name that PostgreSQL gives it; `column`: for a column constraint, its column.
 * Undefined for those that PostgreSQL keeps with the column, such as NOT NULL.
 */
export function namedConstraint(
  constraint: Constraint,
  table: string,
  column?: string,
): readonly [name: string, KnownConstraint] | undefined {
  const base = table.split(".").at(-1) ?? table;
  const found = knownConstraint(constraint, column);
  if (found === undefined) return undefined;
  const { known, label, suffix } = found;
  return [constraint.conname ?? [base, ...label, suffix].join("_"), known];
}

/** A constraint, with the columns and the ending of the name that PostgreSQL would give it. */
interface Found {
  readonly known: KnownConstraint;
  readonly label: readonly string[];
  readonly suffix: string;
}

function knownConstraint(constraint: Constraint, column?: string): Found | undefined {
  switch (constraint.contype) {
    case "CONSTR_CHECK":
      return check(constraint, column);
    case "CONSTR_FOREIGN":
      return foreignKey(constraint, column);
    case "CONSTR_PRIMARY":
      return { ...withIndex("primary-key", constraint, column), label: [], suffix: "pkey" };
    case "CONSTR_UNIQUE":
      return { ...withIndex("unique", constraint, column), suffix: "key" };
    case "CONSTR_EXCLUSION":
      return { ...withIndex("unique", constraint, column), suffix: "excl" };
    default:
      return undefined;
  }
}

function check(
  { raw_expr: expression, skip_validation: skips }: Constraint,
  column?: string,
): Found {
  const columns = [...new Set(columnsIn(expression))];
  const own = columns.length === 1 ? columns : [];
  const known = { columns, notNull: ensuredNotNull(expression), isValid: skips !== true };
  return {
    known: { kind: "check", ...known },
    label: column === undefined ? own : [column],
    suffix: "check",
  };
}

function withIndex(
  kind: "primary-key" | "unique",
  { keys, exclusions }: Constraint,
  column?: string,
): Pick<Found, "known" | "label"> {
  const columns = column === undefined ? [...stringsOf(keys), ...columnsIn(exclusions)] : [column];
  return { known: { kind, columns, notNull: [], isValid: true }, label: columns };
}

function foreignKey(constraint: Constraint, column?: string): Found | undefined {
  const { pktable, fk_attrs: keys, pk_attrs: targets, skip_validation: skips } = constraint;
  if (pktable === undefined) return undefined;
  const columns = column === undefined ? stringsOf(keys) : [column];
  const targetColumns = stringsOf(targets);
  const known = {
    kind: "foreign-key",
    columns,
    target: relationName(pktable),
    ...(targetColumns.length > 0 && { targetColumns }),
    notNull: [],
    isValid: skips !== true,
  } as const;
  return { known, label: columns, suffix: "fkey" };
}

/** The columns of an expression, of index elements, or of other parts of a definition. */
export function columnsIn(node: unknown): string[] {
  return [...nodesIn(node)].flatMap(({ ColumnRef: column, IndexElem: element }) =>
    [
      ...[...nodesIn(column)].map(({ sval }) => sval),
      ...[...nodesIn(element)].map(({ name }) => name),
    ].filter((name) => typeof name === "string"),
  );
}

/** The columns of which an expression implies that they are not null, as PostgreSQL can prove it: `a IS NOT NULL AND …`. */
function ensuredNotNull(expression: Node | undefined): string[] {
  if (expression === undefined) return [];
  if ("NullTest" in expression) return testedColumn(expression.NullTest, "IS_NOT_NULL");
  if (!("BoolExpr" in expression)) return [];
  const { boolop, args = [] } = expression.BoolExpr;
  if (boolop === "AND_EXPR") return args.flatMap(ensuredNotNull);
  const [arg] = args;
  return boolop === "NOT_EXPR" && arg !== undefined && "NullTest" in arg
    ? testedColumn(arg.NullTest, "IS_NULL")
    : [];
}

type NullTest = Extract<Node, { NullTest: unknown }>["NullTest"];

function testedColumn({ arg, nulltesttype }: NullTest, kind: NullTest["nulltesttype"]): string[] {
  if (nulltesttype !== kind || arg === undefined || !("ColumnRef" in arg)) return [];
  return stringsOf(arg.ColumnRef.fields).slice(-1);
}

/** The same constraint after one of its columns has been renamed. */
export function withRenamedColumn(
  constraint: KnownConstraint,
  from: string,
  to: string,
): KnownConstraint {
  const renamed = (columns: readonly string[]) =>
    columns.map((name) => (name === from ? to : name));
  const { columns, notNull } = constraint;
  return { ...constraint, columns: renamed(columns), notNull: renamed(notNull) };
}
