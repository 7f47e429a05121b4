import type { CatalogDifference, FactDifference } from "./compare.ts";

/** The words for the two catalogs. */
export interface CatalogNames {
  /** After the name of an object that only the second catalog has: `is left over`. */
  readonly added: string;
  /** After the name of an object that only the first catalog has: `is missing`. */
  readonly missing: string;
  /** Before the value of the first catalog: `was`. */
  readonly before: string;
}

/** For a schema after a down, compared with the one before its up. */
export const afterDown: CatalogNames = {
  added: "is left over",
  missing: "is missing",
  before: "was",
};

/** For a schema after another order, compared with the one after the usual order. */
export const afterOtherOrder: CatalogNames = {
  added: "exists only out of order",
  missing: "exists only in order",
  before: "in order",
};

/** The longest value in a line, in characters. */
const longestValue = 100;

/** `index orders_created_at is left over`, `column orders.total: type bigint, was integer`: one line for each difference. */
export function differenceLines(difference: CatalogDifference, names: CatalogNames): string[] {
  const { change, kind, name, facts } = difference;
  const object = `${kind} ${shownName(name)}`;
  switch (change) {
    case "added":
      return [`${object} ${names.added}`];
    case "missing":
      return [`${object} ${names.missing}`];
    case "changed":
      return facts.map((fact) => `${object}: ${factText(fact, names)}`);
  }
}

/** Names in the schema `public` are shown without it. */
function shownName(name: string): string {
  return name.startsWith("public.") ? name.slice("public.".length) : name;
}

function factText({ fact, before, after }: FactDifference, names: CatalogNames): string {
  const [earlier, later] = firstDifference(before, after);
  return `${fact} ${later}, ${names.before} ${earlier}`;
}

/** Both values or, for long texts, the first lines that differ. */
function firstDifference(before = "none", after = "none"): readonly [string, string] {
  if (!before.includes("\n") && !after.includes("\n"))
    return [cut(before.trim()), cut(after.trim())];
  const [one, other] = [linesOf(before), linesOf(after)];
  const at = one.findIndex((line, i) => line !== other[i]);
  const line = at === -1 ? one.length : at;
  return [cut(one[line] ?? "no such line"), cut(other[line] ?? "no such line")];
}

function linesOf(text: string): string[] {
  return text.split("\n").map((line) => line.trim());
}

function cut(text: string): string {
  const characters = Array.from(text);
  return characters.length <= longestValue
    ? text
    : `${characters.slice(0, longestValue - 1).join("")}…`;
}
