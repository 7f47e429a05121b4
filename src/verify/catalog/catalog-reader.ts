import type pg from "pg";
import { objectKey, type Catalog, type CatalogObject } from "./catalog.ts";
import { describeSql } from "./describe-sql.ts";
import { otherDescriptions } from "./other-sql.ts";
import { relationDescriptions } from "./relation-sql.ts";
import {
  allIdsSql,
  freshRowsSql,
  ownerKinds,
  sourceNumbers,
  type OwnerKind,
  type RowScope,
} from "./rows.ts";

/** The rows of one source at the last reading: the owner of each id. */
type KnownRows = Map<string, string>;

/** A transaction id that no row is older than, not even those written by initdb. */
const everything = "1";

interface FreshRows {
  readonly source: number;
  /** -1 if rows are not counted. */
  readonly count: number;
  readonly fresh: string | null;
}

interface DescribedRow {
  readonly owner: string;
  readonly kind: string;
  readonly name: string;
  readonly within: string | null;
  readonly facts: Record<string, string>;
}

/**
 * Reads the schema of a database repeatedly. Only objects that have changed since the last time are described again, which takes
 * milliseconds even with hundreds of tables. No transaction that has written may be open.
 */
export class CatalogReader {
  readonly #client: pg.Client;
  readonly #scope: RowScope;
  readonly #allFresh: string;
  readonly #usualFresh: string;
  /** The query that describes objects of a kind. */
  readonly #describing = new Map<OwnerKind, string>();
  #known = new Map<number, KnownRows>();
  #objects = new Map<string, readonly CatalogObject[]>();
  /** Relations that have been dropped since the last reading. */
  readonly #gone = new Set<string>();
  /** The first transaction that was not visible to the last reading. */
  #since = everything;

  private constructor(client: pg.Client, scope: RowScope) {
    this.#client = client;
    this.#scope = scope;
    this.#allFresh = freshRowsSql(scope, sourceNumbers(scope, { rare: true }));
    this.#usualFresh = freshRowsSql(scope, sourceNumbers(scope, { rare: false }));
  }

  /**
   * @param client of a session that only this reader uses, because it changes settings
   * @param options `roles`: the server's roles are read, too, if the user is a superuser
   */
  static async on(
    client: pg.Client,
    { roles }: { readonly roles: boolean },
  ): Promise<CatalogReader> {
    await client.query(
      "SET search_path TO pg_catalog; SET jit TO off; SET plan_cache_mode TO force_generic_plan; SET enable_hashjoin TO off; SET enable_mergejoin TO off; SET statement_timeout TO 0; SET default_transaction_read_only TO on; SET quote_all_identifiers TO off; SET row_security TO off",
    );
    const { rows } = await client.query<{ version: number; superuser: boolean }>(
      "SELECT current_setting('server_version_num')::int / 10000 AS version, current_setting('is_superuser') = 'on' AS superuser",
    );
    const { version = 0, superuser = false } = rows[0] ?? {};
    return new CatalogReader(client, { version, superuser, roles });
  }

  /**
   * The schema as it is now.
   * @param options `rare`: false if nothing was run since the last time for which `mayChangeRareRows` is true
   */
  async read({ rare }: { readonly rare: boolean } = { rare: true }): Promise<Catalog> {
    const { changed, since } = await this.#changes(rare || this.#since === everything);
    const before = this.#objects;
    this.#objects = await this.#described(changed, before);
    if (this.#since !== everything && mayHaveRenamed(changed, before, this.#objects))
      this.#objects = await this.#described(new Set(this.#objects.keys()), new Map());
    this.#since = since;
    this.#gone.clear();
    return this.#objects;
  }

  /** Owners with a row that is new, different or gone, and the first transaction that may change rows after this. */
  async #changes(
    rare: boolean,
  ): Promise<{ readonly changed: ReadonlySet<string>; readonly since: string }> {
    const { rows } = await this.#client.query<FreshRows>({
      name: rare ? "all fresh" : "fresh",
      text: rare ? this.#allFresh : this.#usualFresh,
      values: [this.#since],
    });
    const changed = new Set<string>();
    const shrunk: number[] = [];
    let since = everything;
    for (const { source, count, fresh } of rows) {
      if (source === -1) since = fresh ?? everything;
      else if (this.#addFresh({ source, count, fresh }, changed)) shrunk.push(source);
    }
    if (shrunk.length > 0) await this.#removeGone(shrunk, changed);
    return { changed, since };
  }

  /** Returns true if rows of this source are gone. */
  #addFresh({ source, count, fresh }: FreshRows, changed: Set<string>): boolean {
    const known = this.#known.get(source) ?? new Map<string, string>();
    this.#known.set(source, known);
    for (const row of fresh === null ? [] : fresh.split(",")) {
      const [id = "", ...words] = row.split(" ");
      const owner = words.join(" ");
      const earlier = known.get(id);
      if (earlier !== undefined) changed.add(earlier);
      changed.add(owner);
      if (count !== -1) known.set(id, owner);
    }
    return count !== -1 && known.size > count;
  }

  async #removeGone(sources: readonly number[], changed: Set<string>): Promise<void> {
    const { rows } = await this.#client.query<{ source: number; ids: string | null }>({
      name: `ids ${sources.join(" ")}`,
      text: allIdsSql(this.#scope, sources),
    });
    for (const { source, ids } of rows) {
      const known = this.#known.get(source) ?? new Map<string, string>();
      const left = new Set((ids ?? "").split(","));
      for (const [id, owner] of known) {
        if (left.has(id)) continue;
        changed.add(owner);
        known.delete(id);
        // The relation itself is gone, so it is not described again.
        if (owner === `relation ${id}`) this.#gone.add(owner);
      }
    }
  }

  /** All objects; those of these owners are described again. */
  async #described(
    owners: ReadonlySet<string>,
    before: ReadonlyMap<string, readonly CatalogObject[]>,
  ): Promise<Map<string, readonly CatalogObject[]>> {
    const objects = new Map(before);
    for (const owner of owners) objects.delete(owner);
    for (const kind of ownerKinds) {
      const oids = [...owners].flatMap((owner) => {
        const [of, oid = "0"] = owner.split(" ");
        const exists = (oid !== "0" || kind === "setting") && !this.#gone.has(owner);
        return of === kind && exists ? [oid] : [];
      });
      if (oids.length === 0) continue;
      for (const [owner, list] of await this.#describe(kind, oids))
        objects.set(owner, sameAsBefore(before.get(owner), list));
    }
    return objects;
  }

  async #describe(
    kind: OwnerKind,
    oids: readonly string[],
  ): Promise<Map<string, readonly CatalogObject[]>> {
    const found = new Map<string, CatalogObject[]>();
    const text = this.#describing.get(kind) ?? this.#describingSql(kind);
    this.#describing.set(kind, text);
    if (text === "") return found;
    const { rows } = await this.#client.query<DescribedRow>({
      name: `describe ${kind}`,
      text,
      values: [oids],
    });
    for (const { owner, within, ...object } of rows) {
      const key = `${kind} ${owner}`;
      const list = found.get(key) ?? [];
      list.push({ ...object, ...(within !== null && { within }) });
      found.set(key, list);
    }
    return found;
  }

  #describingSql(kind: OwnerKind): string {
    const { version } = this.#scope;
    return describeSql(
      kind === "relation" ? relationDescriptions(version) : otherDescriptions(kind, version),
    );
  }
}

/** Returns the earlier list if it is equal, so that comparing the catalogs is quick. */
function sameAsBefore(
  before: readonly CatalogObject[] | undefined,
  after: readonly CatalogObject[],
): readonly CatalogObject[] {
  return before !== undefined && JSON.stringify(before) === JSON.stringify(after) ? before : after;
}

/**
 * True if something may have been renamed: definitions of other objects contain the name, although their own rows do not change. If
 * objects were only added, or only dropped, nothing was renamed.
 */
function mayHaveRenamed(changed: ReadonlySet<string>, before: Catalog, after: Catalog): boolean {
  return [...changed].some((owner) => {
    const [one, other] = [before.get(owner), after.get(owner)];
    if (one === undefined || other === undefined || one === other) return false;
    const [names, otherNames] = [namesOf(one), namesOf(other)];
    const isSubset = (some: ReadonlySet<string>, all: ReadonlySet<string>): boolean =>
      [...some].every((name) => all.has(name));
    return !isSubset(names, otherNames) && !isSubset(otherNames, names);
  });
}

/** Names of objects, and labels of enums, which are also used in definitions. */
function namesOf(objects: readonly CatalogObject[]): ReadonlySet<string> {
  return new Set(
    objects.flatMap((object) => [
      objectKey(object),
      ...(object.facts["values"]?.split(", ") ?? []),
      ...(object.facts["attributes"]?.split(", ") ?? []),
    ]),
  );
}
