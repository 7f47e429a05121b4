import type { Constraint } from "@pgsql/types";
import { isDefault, isValidated } from "../alter-locks.ts";
import { blockedBy } from "../lock.ts";
import { relationName } from "../names.ts";
import { isNewRelation } from "../schema.ts";
import { afterStatement } from "../after-statement.ts";
import {
  addedColumns,
  lockDuring,
  rowCommands,
  type LintStatement,
  type Problem,
  type Rule,
} from "./rule.ts";

/** Constraints that are added to a table with rows, including those of a new column. */
function addedConstraints(statement: LintStatement): {
  readonly table: string;
  readonly constraint: Constraint;
  /** It is written behind a new column. */
  readonly isInline: boolean;
  /** The new column has no DEFAULT, so none of its values can violate a foreign key. */
  readonly isEmptyColumn: boolean;
}[] {
  const added = rowCommands(statement);
  const { table, commands } = added;
  const own = commands.flatMap(({ subtype, def }) =>
    subtype === "AT_AddConstraint" && def !== undefined && "Constraint" in def
      ? [{ table, constraint: def.Constraint, isInline: false, isEmptyColumn: false }]
      : [],
  );
  const inline = addedColumns(added).flatMap(({ column: { constraints = [] } }) => {
    const written = constraints.flatMap((node) => ("Constraint" in node ? [node.Constraint] : []));
    const isEmptyColumn = !written.some(isDefault);
    return written.map((constraint) => ({ table, constraint, isInline: true, isEmptyColumn }));
  });
  return [...own, ...inline];
}

/** Constraints that are validated while the file locks their table. `kind`: foreign keys, or all others. */
function validated(statement: LintStatement, kind: "foreign-key" | "other"): Problem[] {
  const { table, commands } = rowCommands(statement);
  const blocked = blockedBy(lockDuring(statement, table)?.mode ?? "ROW EXCLUSIVE");
  const names = commands.flatMap(({ subtype, name = "" }) =>
    subtype === "AT_ValidateConstraint" && !isValidated(statement.schema, table, name)
      ? [name]
      : [],
  );
  if (blocked === "schema changes" || names.length === 0) return [];
  // The same statement may add the constraint.
  const known = afterStatement(statement.schema, statement.node).tables.get(table)?.constraints;
  const waiting = blocked === "writes" ? `writes to ${table}` : `reads and writes of ${table}`;
  return names
    .filter((name) => (known?.get(name)?.kind === "foreign-key") === (kind === "foreign-key"))
    .map((name) => ({
      table,
      message: `VALIDATE CONSTRAINT ${name} reads every row of ${table}; ${waiting} wait until this is done, because the same file locks the table.`,
    }));
}

const foreignKeyValidates: Rule = {
  id: "foreign-key-validates",
  severity: "warning",
  title: "a new foreign key is checked for every row",
  why: "PostgreSQL looks up every row's key while it blocks writes of both tables. VALIDATE CONSTRAINT in the same file does not help, because the lock of ADD FOREIGN KEY is held until the transaction ends.",
  safeWay:
    "Add it with NOT VALID, and run VALIDATE CONSTRAINT in the next migration, which does not block writes.",
  example: {
    bad: "ALTER TABLE orders ADD CONSTRAINT orders_customer FOREIGN KEY (customer_id) REFERENCES customers (id);",
    good: "ALTER TABLE orders ADD CONSTRAINT orders_customer FOREIGN KEY (customer_id) REFERENCES customers (id) NOT VALID;",
  },
  check: (statement) => [
    ...addedConstraints(statement).flatMap(({ table, constraint, isInline, isEmptyColumn }) => {
      const { contype, skip_validation: skips, pktable, location } = constraint;
      if (contype !== "CONSTR_FOREIGN" || skips === true || isEmptyColumn || !pktable) return [];
      const target = relationName(pktable);
      const both =
        isNewRelation(statement.schema, target) || target === table ? "" : ` and ${target}`;
      // With the column, ADD COLUMN's own lock is held.
      const waiting = isInline ? `reads and writes of ${table}` : `writes to ${table}${both}`;
      const message = `The foreign key is checked for every row of ${table}; ${waiting} wait until this is done.`;
      return [{ table, location, message }];
    }),
    ...validated(statement, "foreign-key"),
  ],
};

const checkValidates: Rule = {
  id: "check-validates",
  severity: "warning",
  title: "a new CHECK reads the whole table",
  why: "PostgreSQL tests every row while it blocks reads and writes of the table. VALIDATE CONSTRAINT in the same file does not help, because the lock of ADD CONSTRAINT is held until the transaction ends.",
  safeWay:
    "Add it with NOT VALID, and run VALIDATE CONSTRAINT in the next migration, which blocks neither reads nor writes.",
  example: {
    bad: "ALTER TABLE orders ADD CONSTRAINT amount_positive CHECK (amount > 0);",
    good: "ALTER TABLE orders ADD CONSTRAINT amount_positive CHECK (amount > 0) NOT VALID;",
  },
  check: (statement) => [
    ...addedConstraints(statement).flatMap(({ table, constraint }) => {
      const { contype, skip_validation: skips, location } = constraint;
      if (contype !== "CONSTR_CHECK" || skips === true) return [];
      const message = `The CHECK constraint is evaluated for every row of ${table}; reads and writes wait until this is done.`;
      return [{ table, location, message }];
    }),
    ...validated(statement, "other"),
  ],
};

const kinds: Partial<Record<NonNullable<Constraint["contype"]>, string>> = {
  CONSTR_UNIQUE: "UNIQUE",
  CONSTR_PRIMARY: "PRIMARY KEY",
  CONSTR_EXCLUSION: "EXCLUDE",
};

const constraintBuildsIndex: Rule = {
  id: "constraint-builds-index",
  severity: "warning",
  title: "a new UNIQUE, PRIMARY KEY or EXCLUDE builds its index",
  why: "PostgreSQL builds the index while it blocks reads and writes of the table.",
  safeWay:
    "CREATE UNIQUE INDEX CONCURRENTLY in a file of its own that begins with -- hasura:no-transaction, then ADD CONSTRAINT … USING INDEX. This is not possible for an EXCLUDE constraint: add it while the table is small, or in a maintenance window.",
  example: {
    bad: "ALTER TABLE orders ADD CONSTRAINT orders_number UNIQUE (number);",
    good: "ALTER TABLE orders ADD CONSTRAINT orders_number UNIQUE USING INDEX orders_number_idx;",
  },
  check: (statement) =>
    addedConstraints(statement).flatMap(({ table, constraint }) => {
      const { contype, indexname, location } = constraint;
      const kind = contype && kinds[contype];
      if (kind === undefined || indexname !== undefined) return [];
      const message = `${kind} builds an index on ${table}; reads and writes wait until it is built.`;
      return [{ table, location, message }];
    }),
};

export const constraintRules: readonly Rule[] = [
  foreignKeyValidates,
  checkValidates,
  constraintBuildsIndex,
];
