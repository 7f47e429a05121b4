import type { Schema } from "./schema.ts";

/**
 * PostgreSQL's lock modes from the weakest to the strongest, without ACCESS SHARE and ROW SHARE, which every
 * query takes.
 */
export const lockModes = [
  "ROW EXCLUSIVE",
  "SHARE UPDATE EXCLUSIVE",
  "SHARE",
  "SHARE ROW EXCLUSIVE",
  "EXCLUSIVE",
  "ACCESS EXCLUSIVE",
] as const;
export type LockMode = (typeof lockModes)[number];

/**
 * What a statement does while it holds the lock, the cheapest first: it changes the catalog, changes rows, reads the whole table, rewrites
 * it, or removes data.
 */
export const lockEffects = ["catalog", "rows", "scan", "rewrite", "data-loss"] as const;
export type LockEffect = (typeof lockEffects)[number];

/** A lock of a statement; the transaction holds it until it ends. */
export interface StatementLock {
  /** The relation as `relationName` writes it. */
  readonly table: string;
  readonly mode: LockMode;
  readonly effect: LockEffect;
}

/** What a lock blocks, in words. */
export function blockedBy(mode: LockMode): "reads and writes" | "writes" | "schema changes" {
  if (mode === "ACCESS EXCLUSIVE") return "reads and writes";
  return mode === "ROW EXCLUSIVE" || mode === "SHARE UPDATE EXCLUSIVE"
    ? "schema changes"
    : "writes";
}

/** The stronger of two modes. */
export function strongerMode(mode: LockMode, other: LockMode = mode): LockMode {
  return lockModes.indexOf(mode) > lockModes.indexOf(other) ? mode : other;
}

/** One lock of each table, its strongest mode with its most expensive effect. */
export function strongest(locks: readonly StatementLock[]): StatementLock[] {
  const found = new Map<string, StatementLock>();
  for (const lock of locks) {
    const known = found.get(lock.table) ?? lock;
    const mode = strongerMode(lock.mode, known.mode);
    const effect =
      lockEffects.indexOf(lock.effect) > lockEffects.indexOf(known.effect)
        ? lock.effect
        : known.effect;
    found.set(lock.table, { table: lock.table, mode, effect });
  }
  return [...found.values()];
}

/** A dropped foreign key also takes its triggers from the table at its other end. */
export function foreignTables(schema: Schema, table: string, constraint?: string): StatementLock[] {
  const lock = (other: string): StatementLock => ({
    table: other,
    mode: "ACCESS EXCLUSIVE",
    effect: "catalog",
  });
  const own = [...(schema.tables.get(table)?.constraints ?? [])]
    .filter(([name]) => constraint === undefined || name === constraint)
    .flatMap(([, { target }]) => (target === undefined ? [] : [lock(target)]));
  if (constraint !== undefined) return own;
  const others: StatementLock[] = [];
  for (const [name, { constraints }] of schema.tables)
    for (const { target } of constraints.values()) if (target === table) others.push(lock(name));
  return [...own, ...others].filter((each) => each.table !== table);
}

/**
 * The tables at the other end of foreign keys that a column is part of: those of its table and, with "both", those that refer to it.
 */
export function linkedTables(
  schema: Schema,
  table: string,
  column: string,
  ends: "own" | "both",
): StatementLock[] {
  const own = [...(schema.tables.get(table)?.constraints.values() ?? [])].flatMap(
    ({ target, columns }) => (target !== undefined && columns.includes(column) ? [target] : []),
  );
  const referring =
    ends === "own"
      ? []
      : [...schema.tables].flatMap(([name, { constraints }]) =>
          [...constraints.values()].some(
            ({ target, targetColumns }) =>
              target === table && (targetColumns ?? keyColumns(schema, table)).includes(column),
          )
            ? [name]
            : [],
        );
  return [...own, ...referring]
    .filter((name) => name !== table)
    .map((name) => ({ table: name, mode: "ACCESS EXCLUSIVE", effect: "catalog" }));
}

function keyColumns(schema: Schema, table: string): readonly string[] {
  const constraints = [...(schema.tables.get(table)?.constraints.values() ?? [])];
  return constraints.find(({ kind }) => kind === "primary-key")?.columns ?? [];
}
