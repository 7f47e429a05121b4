import type { Node, VariableSetStmt } from "@pgsql/types";
import { isTree, type Tree } from "../sql-parser/tree.ts";
import { functionsIn, nodesIn, qualified } from "./names.ts";

/** Schemas in which a name without a schema is looked up. `usual`: those of the connection; `unknown`: the statement computes them. */
type Schemas = readonly string[] | "usual" | "unknown";

/** The search path that the statements so far have set. */
export interface SearchPath {
  readonly session: Schemas;
  /** Until the end of the file. */
  readonly local?: Schemas;
}

export const usualPath: SearchPath = { session: "usual" };

/** The search path at the beginning of the next file. */
export function afterFile({ session }: SearchPath): SearchPath {
  return { session };
}

/**
 * The names, as `lint` writes them, that a table may have for the connection; undefined if its schema is not known. A name without a
 * schema may also have been written with `public`.
 */
export function placesOf(
  table: string,
  { session, local = session }: SearchPath,
): readonly string[] | undefined {
  if (local === "usual" || table.includes(".")) return [table];
  if (local === "unknown") return undefined;
  return [...new Set([...local.map((schema) => qualified([schema, table])), table])];
}

/** The search path after a statement. Statements inside DO blocks and functions are ignored. */
export function pathAfter(path: SearchPath, node: Node): SearchPath {
  if ("VariableSetStmt" in node) return afterSet(path, node.VariableSetStmt);
  if (!("SelectStmt" in node)) return path;
  let next = path;
  for (const { FuncCall: call } of nodesIn(node)) if (isTree(call)) next = afterCall(next, call);
  return next;
}

function afterSet(path: SearchPath, statement: VariableSetStmt): SearchPath {
  const { kind = "VAR_SET_VALUE", name, args = [], is_local: isLocal = false } = statement;
  if (kind === "VAR_RESET_ALL") return usualPath;
  if (name !== "search_path") return path;
  switch (kind) {
    case "VAR_SET_VALUE":
      return changed(path, isLocal, schemasIn(args.map(textOf)));
    case "VAR_RESET":
    case "VAR_SET_DEFAULT":
      return changed(path, isLocal, "usual");
    default:
      return path;
  }
}

/** set_config('search_path', 'shop, public', true) */
function afterCall(path: SearchPath, call: Tree): SearchPath {
  const { args } = call;
  if (functionsIn({ FuncCall: { funcname: call["funcname"] } })[0] !== "set_config") return path;
  const given: readonly unknown[] = Array.isArray(args) ? args : [];
  const [name, value, isLocal] = given;
  if (textOf(name)?.toLowerCase() !== "search_path") return path;
  const list = textOf(value)?.split(",");
  const schemas = list?.map((schema) => schema.trim().replace(/^"(.*)"$/, "$1"));
  return changed(path, isTrue(isLocal), schemasIn(schemas ?? [undefined]));
}

function changed(path: SearchPath, isLocal: boolean, schemas: Schemas): SearchPath {
  return isLocal ? { ...path, local: schemas } : { session: schemas };
}

/** Schemas that every connection searches, or that contain no tables of a project. */
const always: ReadonlySet<string> = new Set(["", "$user", "public", "pg_catalog", "pg_temp"]);

function schemasIn(texts: readonly (string | undefined)[]): Schemas {
  const known = texts.filter((text) => text !== undefined);
  if (known.length < texts.length) return "unknown";
  return known.every((schema) => always.has(schema)) ? "usual" : known.filter((it) => it !== "");
}

/** A constant text; undefined for anything else. */
function textOf(node: unknown): string | undefined {
  const constant = isTree(node) ? node["A_Const"] : undefined;
  if (!isTree(constant) || !isTree(constant["sval"])) return undefined;
  const { sval = "" } = constant["sval"];
  return typeof sval === "string" ? sval : undefined;
}

function isTrue(node: unknown): boolean {
  const constant = isTree(node) ? node["A_Const"] : undefined;
  return isTree(constant) && isTree(constant["boolval"]) && constant["boolval"]["boolval"] === true;
}
