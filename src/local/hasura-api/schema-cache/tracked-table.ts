import type { JsonMap } from "../../../metadata/document/json.ts";
import type { Operation } from "../document/read-permission.ts";
import type { Column, DatabaseSchema, Relation } from "../database/database-schema.ts";
import { nameText, type QualifiedName, type SourceDocument } from "../metadata-document.ts";
import { targetOf, type Target } from "./findings.ts";
import { MissingName, NotBuilt, quoted } from "./inconsistency.ts";
import type { TablePart } from "./schema-object.ts";

/** A field of a tracked table. */
export type TableField =
  | { readonly kind: "column"; readonly column: Column }
  | { readonly kind: "relationship"; readonly table: QualifiedName }
  | {
      readonly kind: "computed field";
      readonly returnsTable?: QualifiedName;
      readonly isPlain: boolean;
    }
  | { readonly kind: "remote relationship" };

/** A source whose database can be read. */
export interface BuiltSource {
  readonly name: string;
  readonly document: SourceDocument;
  readonly schema: DatabaseSchema;
  /** The tracked tables that exist, by full name. */
  readonly tables: ReadonlyMap<string, TrackedTable>;
}

/** A tracked table that exists. Its fields are complete when permissions are built. */
export class TrackedTable {
  readonly source: string;
  readonly name: QualifiedName;
  readonly entry: JsonMap;
  readonly relation: Relation;
  readonly target: Target;
  readonly fields: Map<string, TableField>;
  readonly #parts = new Map<string, Target>();

  constructor(source: string, name: QualifiedName, entry: JsonMap, relation: Relation) {
    this.source = source;
    this.name = name;
    this.entry = entry;
    this.relation = relation;
    this.target = targetOf({ kind: "table", source, table: name });
    this.fields = new Map(
      [...relation.columns.values()].map((column) => [column.name, { kind: "column", column }]),
    );
  }

  /** Its name in the server's messages: `"users"`. */
  get label(): string {
    return quoted(nameText(this.name));
  }

  /** A part of the table as something that others depend on. */
  part(kind: Exclude<TablePart["kind"], "permission">, name: string): Target {
    const key = `${kind} ${name}`;
    const known = this.#parts.get(key);
    if (known) return known;
    const target = targetOf({ kind, source: this.source, table: this.name, name });
    this.#parts.set(key, target);
    return target;
  }

  permission(operation: Operation, role: string): Target {
    const { source, name: table } = this;
    return targetOf({ kind: "permission", source, table, name: role, operation });
  }

  /** @throws NotBuilt if the table has no such field */
  field(name: string): TableField {
    const found = this.fields.get(name);
    if (found === undefined) throw new MissingName(`${quoted(name)} does not exist`);
    return found;
  }

  /** @throws NotBuilt if the table has no such column. @param more what the server adds if it is another field */
  column(name: string, more: string): Column {
    const found = this.fields.get(name);
    if (found === undefined) throw new MissingName(`column ${quoted(name)} does not exist`);
    if (found.kind === "column") return found.column;
    throw new NotBuilt(
      `expecting a database column; but, ${quoted(name)} is a ${found.kind}; ${more}`,
    );
  }
}
