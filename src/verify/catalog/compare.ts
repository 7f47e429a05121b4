import { objectKey, type Catalog, type CatalogObject } from "./catalog.ts";

/** One fact that differs; an absent side means that PostgreSQL's default applies there. */
export interface FactDifference {
  readonly fact: string;
  readonly before?: string;
  readonly after?: string;
}

/** How an object of two catalogs differs. added: only in the second one · missing: only in the first one. */
export interface CatalogDifference {
  readonly change: "added" | "missing" | "changed";
  readonly kind: string;
  /** As `CatalogObject.name`. */
  readonly name: string;
  /** For `changed`; at least one. */
  readonly facts: readonly FactDifference[];
}

/**
 * What differs between two catalogs, ordered by kind and name. Objects that were added or are missing together with their
 * owner are not listed: the columns of a missing table, for example.
 */
export function compareCatalogs(before: Catalog, after: Catalog): CatalogDifference[] {
  const first = objectsOnlyIn(before, after);
  const second = objectsOnlyIn(after, before);
  const missing = without(first, second);
  const added = without(second, first);
  const changed = [...first.values()].flatMap((object) => {
    const other = second.get(objectKey(object));
    const facts = other === undefined ? [] : factDifferences(object, other);
    return facts.length === 0 ? [] : [{ change: "changed" as const, ...named(object), facts }];
  });
  return [
    ...changed,
    ...alone(missing).map((object) => ({
      change: "missing" as const,
      ...named(object),
      facts: [],
    })),
    ...alone(added).map((object) => ({ change: "added" as const, ...named(object), facts: [] })),
  ].toSorted(byRank);
}

type Objects = ReadonlyMap<string, CatalogObject>;

/** The objects of owners whose list is not the identical one in the other catalog. */
function objectsOnlyIn(one: Catalog, other: Catalog): Objects {
  const objects = new Map<string, CatalogObject>();
  for (const [owner, list] of one)
    if (other.get(owner) !== list)
      for (const object of list) objects.set(objectKey(object), object);
  return objects;
}

function without(objects: Objects, others: Objects): Objects {
  return new Map([...objects].filter(([key]) => !others.has(key)));
}

/** Objects whose owner is not also in the list. */
function alone(objects: Objects): CatalogObject[] {
  return [...objects.values()].filter(({ within }) => within === undefined || !objects.has(within));
}

function named({ kind, name }: CatalogObject): Pick<CatalogObject, "kind" | "name"> {
  return { kind, name };
}

function factDifferences(one: CatalogObject, other: CatalogObject): FactDifference[] {
  const facts = new Set([...Object.keys(one.facts), ...Object.keys(other.facts)]);
  return [...facts]
    .filter((fact) => one.facts[fact] !== other.facts[fact])
    .map((fact) => {
      const [before, after] = [one.facts[fact], other.facts[fact]];
      return {
        fact,
        ...(before !== undefined && { before }),
        ...(after !== undefined && { after }),
      };
    });
}

/** The kinds that are listed first, because people look for them first. */
const order = ["schema", "extension", "table", "column", "constraint", "index", "view"];

function byRank(one: CatalogDifference, other: CatalogDifference): number {
  const rank = ({ kind }: CatalogDifference): number => {
    const at = order.indexOf(kind);
    return at === -1 ? order.length : at;
  };
  return rank(one) - rank(other) || (objectKey(one) < objectKey(other) ? -1 : 1);
}
