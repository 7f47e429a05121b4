import { nameText, type QualifiedName } from "../metadata-document.ts";
import type { Operation } from "../document/read-permission.ts";
import { quoted } from "./inconsistency.ts";

/** What other objects can depend on. */
export type SchemaObject =
  | { readonly kind: "source"; readonly source: string }
  | { readonly kind: "table"; readonly source: string; readonly table: QualifiedName }
  | TablePart
  | { readonly kind: "function"; readonly source: string; readonly name: QualifiedName }
  | { readonly kind: "remote schema"; readonly name: string }
  | { readonly kind: "role"; readonly name: string };

type FieldKind = "column" | "relationship" | "computed field" | "remote relationship";

export type TablePart = { readonly source: string; readonly table: QualifiedName } & (
  | { readonly kind: FieldKind | "constraint" | "event-trigger"; readonly name: string }
  | { readonly kind: "permission"; readonly name: string; readonly operation: Operation }
);

/** As the server lists dependents: `relationship users.posts in source "default"`. The text is unique. */
export function labelOf(object: SchemaObject): string {
  switch (object.kind) {
    case "source":
      return `source ${object.source}`;
    case "remote schema":
    case "role":
      return `${object.kind} ${object.name}`;
    case "table":
      return `table ${nameText(object.table)} in source ${quoted(object.source)}`;
    case "function":
      return `function ${nameText(object.name)} in source ${quoted(object.source)}`;
    case "permission":
      return `permission ${nameText(object.table)}.${object.name}.${object.operation} in source ${quoted(object.source)}`;
    default:
      return `${object.kind} ${nameText(object.table)}.${object.name} in source ${quoted(object.source)}`;
  }
}

/** The table that an object is a part of. */
export function tableOf(
  object: SchemaObject,
): { source: string; table: QualifiedName } | undefined {
  return "table" in object && object.kind !== "table" ? object : undefined;
}

/** Why something that depends on a missing object is inconsistent. @param exists by label */
export function whyMissing(object: SchemaObject, exists: (label: string) => boolean): string {
  switch (object.kind) {
    case "source":
      return `no such source exists: ${quoted(object.source)}`;
    case "remote schema":
      return `remote schema ${quoted(object.name)} is not found`;
    case "role":
      return `parent role ${quoted(object.name)} does not exist`;
    case "function":
      return `function ${quoted(nameText(object.name))} is not tracked`;
    case "table":
      return `table ${quoted(nameText(object.table))} is not tracked`;
    default:
      return whyPartMissing(object, exists);
  }
}

function whyPartMissing(part: TablePart, exists: (label: string) => boolean): string {
  const table = quoted(nameText(part.table));
  if (!exists(labelOf({ kind: "source", source: part.source })))
    return `no such source found ${quoted(part.source)}`;
  if (!exists(labelOf({ kind: "table", source: part.source, table: part.table })))
    return `table ${table} is not tracked`;
  switch (part.kind) {
    case "constraint":
      return `no foreign key constraint named ${quoted(part.name)} is defined for table ${table}`;
    case "permission":
      return `no ${part.operation} permission defined on table ${table} for role ${quoted(part.name)}`;
    case "event-trigger":
      return `no event trigger named ${quoted(part.name)} is defined for table ${table}`;
    default:
      return `table ${table} has no field named ${quoted(part.name)}`;
  }
}
