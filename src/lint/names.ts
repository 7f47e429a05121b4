import type { Node, RangeVar } from "@pgsql/types";
import { isTree, textsIn, type Tree } from "../sql-parser/tree.ts";

/** The schema in which PostgreSQL looks for a name first. */
export const temporarySchema = "pg_temp";

/** The name of a relation as findings show it and as the schema knows it: `orders`, `shop.orders`; `public` is left out. */
export function relationName({ schemaname, relname = "" }: RangeVar): string {
  return qualified([...(schemaname === undefined ? [] : [schemaname]), relname]);
}

/** The same, of a name in parts. */
export function qualified(parts: readonly string[]): string {
  return (parts.length > 1 && parts[0] === "public" ? parts.slice(1) : parts).join(".");
}

/** The strings of a list of nodes: the parts of a name, or the columns of a key. */
export function stringsOf(nodes: readonly Node[] | undefined): string[] {
  return (nodes ?? []).flatMap((node) => ("String" in node ? [node.String.sval ?? ""] : []));
}

/** The name in a node of DROP, COMMENT or RENAME: a list of strings, a type, or an object with arguments. */
export function objectName(node: Node | undefined): string {
  if (node === undefined) return "";
  if ("List" in node) return qualified(stringsOf(node.List.items));
  if ("TypeName" in node) return qualified(stringsOf(node.TypeName.names));
  if ("ObjectWithArgs" in node) return qualified(stringsOf(node.ObjectWithArgs.objname));
  if ("String" in node) return node.String.sval ?? "";
  return "RangeVar" in node ? relationName(node.RangeVar) : "";
}

/** The roles that a statement names. */
export function rolesOf({ roles = [] }: { readonly roles?: readonly Node[] }): string[] {
  return roles.flatMap((role) =>
    "RoleSpec" in role ? [role.RoleSpec.rolename ?? "the current user"] : [],
  );
}

/** Every node below a node, itself included. */
export function* nodesIn(node: unknown): Generator<Tree> {
  const open = [node];
  while (open.length > 0) {
    const next = open.pop();
    if (Array.isArray(next)) for (let i = next.length; i > 0; i -= 1) open.push(next[i - 1]);
    else if (isTree(next)) {
      yield next;
      // From the last to the first, so that the first comes next.
      const values = Object.values(next);
      for (let i = values.length; i > 0; i -= 1) {
        const value = values[i - 1];
        if (typeof value === "object") open.push(value);
      }
    }
  }
}

/** The names of the functions that an expression calls, with the schema where it is written, without `pg_catalog`. */
export function functionsIn(node: unknown): string[] {
  const calls: string[] = [];
  for (const { FuncCall: call } of nodesIn(node)) {
    if (!isTree(call) || !Array.isArray(call["funcname"])) continue;
    const parts = textsIn(call["funcname"]);
    calls.push(qualified(parts[0] === "pg_catalog" ? parts.slice(1) : parts));
  }
  return calls;
}
