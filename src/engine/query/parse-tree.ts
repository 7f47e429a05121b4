import { isTree, textsIn } from "../../sql-parser/tree.ts";

/** A part of a parse tree that decides whether a statement only reads; `location` in bytes of the text, if it is known. */
export type TreePart =
  | {
      readonly kind: "function";
      readonly name: readonly string[];
      readonly location: number | undefined;
    }
  /** `value.name`, which can be a column or a call of the function `name`. */
  | { readonly kind: "attribute"; readonly name: string }
  | { readonly kind: "operator"; readonly name: readonly string[] }
  | { readonly kind: "type"; readonly name: readonly string[] }
  | { readonly kind: "into" | "locking"; readonly location: number | undefined }
  /** Another statement inside this one, such as `DeleteStmt` in a CTE. */
  | { readonly kind: "statement"; readonly node: string };

/**
 * The parts of a parse tree that can do more than read, in text order if their positions are known. Every object of the tree is
 * checked, so that an unknown kind of node cannot hide anything.
 */
export function partsOf(root: unknown): TreePart[] {
  const parts: TreePart[] = [];
  // Not recursive: a tree may be deeper than the stack.
  const left: unknown[] = [root];
  for (let value = left.pop(); value !== undefined; value = left.pop()) {
    if (isList(value)) left.push(...value.toReversed());
    else if (isTree(value)) {
      for (const [key, inner] of Object.entries(value)) parts.push(...partAt(key, inner));
      left.push(
        ...Object.values(value)
          .filter((inner) => typeof inner === "object")
          .toReversed(),
      );
    }
  }
  return parts;
}

type Reader = (value: unknown) => readonly TreePart[];

/** How the value of each key is read; a key has the same meaning everywhere in the tree. */
const readers: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ["FuncCall", (value) => [functionOf(value, "funcname")]],
  ["RangeTableSample", (value) => [functionOf(value, "method")]],
  ["intoClause", (value) => [{ kind: "into", location: locationOf(field(value, "rel")) }]],
  ["lockingClause", () => [{ kind: "locking", location: undefined }]],
  ["ColumnRef", (value) => attributesIn(textsIn(field(value, "fields")).slice(1))],
  ["A_Indirection", (value) => attributesIn(textsIn(field(value, "indirection")))],
  ["A_Expr", (value) => operatorsOf(textsIn(field(value, "name")))],
  // The operators of what follows are not in the tree.
  ["CaseExpr", (value) => impliedEquals(field(value, "arg") !== undefined)],
  ["SubLink", (value) => impliedEquals(field(value, "operName") === undefined)],
  ["usingClause", () => impliedEquals(true)],
  ["isNatural", () => impliedEquals(true)],
  ["operName", (value) => [{ kind: "operator", name: textsIn(value) }]],
  ["useOp", (value) => [{ kind: "operator", name: textsIn(value) }]],
  ["typeName", (value) => [{ kind: "type", name: textsIn(field(value, "names")) }]],
  ["TypeName", (value) => [{ kind: "type", name: textsIn(field(value, "names")) }]],
]);

function partAt(key: string, value: unknown): readonly TreePart[] {
  if (/Stmt$/.test(key) && key !== "SelectStmt") return [{ kind: "statement", node: key }];
  return readers.get(key)?.(value) ?? [];
}

function functionOf(value: unknown, key: string): TreePart {
  return { kind: "function", name: textsIn(field(value, key)), location: locationOf(value) };
}

/** The operators that PostgreSQL uses for each kind of BETWEEN. */
const comparisons: Readonly<Record<string, readonly string[]>> = {
  BETWEEN: [">=", "<="],
  "BETWEEN SYMMETRIC": [">=", "<="],
  "NOT BETWEEN": ["<", ">"],
  "NOT BETWEEN SYMMETRIC": ["<", ">"],
};

function operatorsOf(name: readonly string[]): TreePart[] {
  const names = comparisons[name.join(".")]?.map((each) => [each]) ?? [name];
  return names.map((each) => ({ kind: "operator", name: each }));
}

/** `CASE x WHEN y`, `x IN (SELECT …)`, and a join by the columns of a name. */
function impliedEquals(isUsed: boolean): TreePart[] {
  return isUsed ? [{ kind: "operator", name: ["="] }] : [];
}

function attributesIn(names: readonly string[]): TreePart[] {
  return names.map((name) => ({ kind: "attribute", name }));
}

function locationOf(value: unknown): number | undefined {
  const location = field(value, "location");
  // The tree leaves out zeros.
  return typeof location === "number" ? location : isTree(value) ? 0 : undefined;
}

function field(value: unknown, name: string): unknown {
  return isTree(value) ? value[name] : undefined;
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}
