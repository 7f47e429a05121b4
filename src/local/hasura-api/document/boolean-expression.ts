import { isJsonList, isJsonMap, type Json, type JsonMap } from "../../../metadata/document/json.ts";
import {
  anything,
  keyPath,
  list,
  object,
  optional,
  required,
  wrongType,
  type Reader,
} from "./read-value.ts";

/** A condition of a permission, with the operators in their current spelling: `_and` for `$and`. */
export function booleanExpression(tableName: Reader): Reader<JsonMap> {
  const exists = object([
    required("_table", tableName),
    optional("_where", (value, path) => read(value, path), { fallback: {} }),
  ]);
  const read: Reader<JsonMap> = (value, path) => {
    if (!isJsonMap(value)) throw wrongType("boolean expression", "Object", value, path);
    const entries = Object.entries(value).map(([key, item]): [string, Json] => {
      const operator = key.replace(/^\$(?=(and|or|not|exists)$)/, "_");
      return [operator, readEntry(operator, item, `${path}${keyPath(key)}`)];
    });
    return Object.fromEntries(entries);
  };
  const readEntry: (operator: string, value: Json, path: string) => Json = (
    operator,
    value,
    path,
  ) => {
    switch (operator) {
      case "_and":
      case "_or":
        return isJsonList(value) ? list(read)(value, path) : read(value, path);
      case "_not":
        return read(value, path);
      case "_exists":
        return exists(value, path);
      default:
        return anything(value, path);
    }
  };
  return read;
}
