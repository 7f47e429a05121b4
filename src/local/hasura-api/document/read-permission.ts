import { isJsonList, type JsonMap } from "../../../metadata/document/json.ts";
import { booleanExpression } from "./boolean-expression.ts";
import {
  anything,
  boolean,
  list,
  number,
  object,
  optional,
  required,
  text,
  type Field,
  type Reader,
} from "./read-value.ts";

export type Operation = "insert" | "select" | "update" | "delete";
export const operations: readonly Operation[] = ["insert", "select", "update", "delete"];

/** `*`, or the names of columns. */
const columns: Reader = (value, path) =>
  isJsonList(value) ? list(text)(value, path) : text(value, path);

const backendOnly: Field = optional("backend_only", boolean, { omit: false });
const validateInput: Field = optional("validate_input", anything);

/** The entries of the four lists of permissions of a table. */
export function readPermissions(tableName: Reader): Readonly<Record<Operation, Reader<JsonMap>>> {
  const condition = booleanExpression(tableName);
  const entry = (...fields: Field[]): Reader<JsonMap> =>
    object([
      required("role", text),
      required("permission", object(fields)),
      optional("comment", text),
    ]);
  return {
    insert: entry(
      required("check", condition),
      optional("set", anything, { omit: {} }),
      optional("columns", columns),
      backendOnly,
      validateInput,
    ),
    select: entry(
      required("columns", columns),
      optional("computed_fields", list(text), { omit: [] }),
      required("filter", condition),
      optional("limit", number),
      optional("allow_aggregations", boolean, { omit: false }),
      optional("query_root_fields", list(text)),
      optional("subscription_root_fields", list(text)),
    ),
    update: entry(
      required("columns", columns),
      required("filter", condition),
      optional("check", condition, { fallback: null }),
      optional("set", anything, { omit: {} }),
      backendOnly,
      validateInput,
    ),
    delete: entry(required("filter", condition), backendOnly, validateInput),
  };
}
