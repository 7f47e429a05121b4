import type pg from "pg";
import { lockModes, lockStrength } from "../../protocol/lock-modes.ts";
import type { MeasuredLock } from "../../protocol/verification.ts";

/** The strongest lock on each table, by its oid. */
export type TableLocks = ReadonlyMap<string, string>;

/** A mode that is not known counts as the weakest. */
const strengthOf = (mode: string): number => lockStrength(mode) ?? 0;

function isStronger(mode: string, than: string | undefined): boolean {
  return than === undefined || strengthOf(mode) > strengthOf(than);
}

/** The stronger lock on each table, of two moments. */
export function strongest(one: TableLocks, other: TableLocks): TableLocks {
  const locks = new Map(one);
  for (const [table, mode] of other) if (isStronger(mode, locks.get(table))) locks.set(table, mode);
  return locks;
}

/** The locks that a session holds now, seen from another one. */
export async function tableLocks(observer: pg.Client, session: pg.Client): Promise<TableLocks> {
  const { processID }: pg.Client & { processID?: number } = session;
  const { rows } = await observer.query<{ relation: string; mode: string }>({
    name: "table locks",
    text: "SELECT relation::int8::text AS relation, mode FROM pg_locks WHERE pid = $1 AND locktype = 'relation' AND granted AND relation >= 16384 ORDER BY relation",
    values: [processID ?? 0],
  });
  const locks = new Map<string, string>();
  for (const { relation, mode } of rows)
    if (isStronger(mode, locks.get(relation))) locks.set(relation, mode);
  return locks;
}

interface Table {
  readonly name: string;
  readonly file: string;
}

/** The tables and views that exist, each with its file number, which changes when it is rewritten. */
export class TableFiles {
  readonly #tables: Map<string, Table>;

  private constructor(tables: Map<string, Table>) {
    this.#tables = tables;
  }

  static async of(session: pg.Client): Promise<TableFiles> {
    return new TableFiles(await tablesIn(session));
  }

  /** The tables that have been rewritten since the last call. `session` is the one that rewrites them; others cannot see its changes yet. */
  async rewritten(session: pg.Client): Promise<ReadonlySet<string>> {
    const now = await tablesIn(session);
    const changed = new Set<string>();
    for (const [table, { name, file }] of this.#tables) {
      const other = now.get(table)?.file;
      if (other === undefined || other === file) continue;
      changed.add(table);
      this.#tables.set(table, { name, file: other });
    }
    return changed;
  }

  /** Locks on existing tables, the strongest first; read locks are left out. */
  named(locks: TableLocks, rewritten: ReadonlySet<string>): MeasuredLock[] {
    return [...locks]
      .filter(([, mode]) => mode !== "AccessShareLock")
      .toSorted(([, one], [, other]) => strengthOf(other) - strengthOf(one))
      .flatMap(([oid, mode]) => {
        const table = this.#tables.get(oid);
        return table === undefined
          ? []
          : [
              {
                table: table.name,
                mode: lockModes.get(mode) ?? mode,
                rewritten: rewritten.has(oid),
              },
            ];
      });
  }
}

async function tablesIn(session: pg.Client): Promise<Map<string, Table>> {
  const { rows } = await session.query<{ oid: string; name: string; file: string }>(
    "SELECT c.oid::pg_catalog.int8::pg_catalog.text AS oid, CASE n.nspname WHEN 'public' THEN pg_catalog.quote_ident(c.relname) ELSE pg_catalog.format('%I.%I', n.nspname, c.relname) END AS name, c.relfilenode::pg_catalog.int8::pg_catalog.text AS file FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'm', 'v', 'f') AND c.oid >= 16384",
  );
  return new Map(rows.map(({ oid, name, file }) => [oid, { name, file }]));
}
