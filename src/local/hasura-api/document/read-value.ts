import { isJsonList, isJsonMap, type Json, type JsonMap } from "../../../metadata/document/json.ts";
import { parseFailed } from "../hasura-error.ts";

/**
 * Reads a value of a request and returns it in the form in which the server exports it.
 * @param path of the value in the request: `$.args.metadata.sources[0]`
 * @throws HasuraError parse-failed, with the path
 */
export type Reader<Value extends Json = Json> = (value: Json, path: string) => Value;

/** A key of an object. An optional one may be null, which means the same as missing. */
export interface Field {
  readonly key: string;
  readonly read: Reader;
  readonly required?: true;
  /** The value of a missing key, which is exported. */
  readonly fallback?: Json;
  /** The value that is left out of an export, because it is the default. */
  readonly omit?: Json;
}

export const required = (key: string, read: Reader): Field => ({ key, read, required: true });

export const optional = (
  key: string,
  read: Reader,
  more: { readonly fallback?: Json; readonly omit?: Json } = {},
): Field => ({ key, read, ...more });

/** An object with these keys, which are returned in this order. Other keys are dropped. */
export function object(fields: readonly Field[]): Reader<JsonMap> {
  return (value, path) => {
    if (!isJsonMap(value)) throw wrongType("Object", "Object", value, path);
    return Object.fromEntries(fields.flatMap((field) => readField(field, value, path)));
  };
}

function readField(field: Field, map: JsonMap, path: string): [string, Json][] {
  const { key, read, fallback, omit } = field;
  const given = Object.hasOwn(map, key) ? map[key] : undefined;
  if (field.required && given === undefined)
    throw parseFailed(`the key '${key}' was not present`, path);
  const missing = given === undefined || (given === null && !field.required);
  if (missing) return fallback === undefined ? [] : [[key, fallback]];
  const value = read(given, `${path}${keyPath(key)}`);
  const isDefault = omit !== undefined && JSON.stringify(value) === JSON.stringify(omit);
  return isDefault ? [] : [[key, value]];
}

/** A key as in the paths of the server's errors. */
export const keyPath = (key: string): string =>
  /^[A-Za-z_][A-Za-z0-9_]*$/.test(key) ? `.${key}` : `['${key}']`;

/** A list of values of one form. */
export function list<Value extends Json>(read: Reader<Value>): Reader<readonly Value[]> {
  return (value, path) => {
    if (!isJsonList(value)) throw wrongType("[]", "Array", value, path);
    return value.map((item, i) => read(item, `${path}[${i}]`));
  };
}

/** A map from any key to values of one form. */
export function mapOf(read: Reader): Reader<JsonMap> {
  return (value, path) => {
    if (!isJsonMap(value)) throw wrongType("HashMap", "Object", value, path);
    return Object.fromEntries(
      sortedEntries(value).map(([key, item]) => [key, read(item, `${path}${keyPath(key)}`)]),
    );
  };
}

export const text: Reader<string> = (value, path) => {
  if (typeof value !== "string") throw wrongType("Text", "String", value, path);
  return value;
};

export const boolean: Reader<boolean> = (value, path) => {
  if (typeof value !== "boolean") throw wrongType("Bool", "Boolean", value, path);
  return value;
};

export const number: Reader<number> = (value, path) => {
  if (typeof value !== "number") throw wrongType("Int", "Number", value, path);
  return value;
};

/** Any value; the keys of its objects are sorted, as in an export. */
export const anything: Reader = (value) => {
  if (isJsonList(value)) return value.map((item) => anything(item, ""));
  if (!isJsonMap(value)) return value;
  return Object.fromEntries(sortedEntries(value).map(([key, item]) => [key, anything(item, "")]));
};

const sortedEntries = (map: JsonMap): [string, Json][] =>
  Object.entries(map).sort(([a], [b]) => compareTexts(a, b));

export const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The server's error for a value of another type. */
export function wrongType(name: string, expected: string, value: Json, path: string): Error {
  return parseFailed(
    `parsing ${name} failed, expected ${expected}, but encountered ${typeName(value)}`,
    path,
  );
}

/** The type of a value in the server's messages. */
export function typeName(value: Json): string {
  if (value === null) return "Null";
  if (isJsonList(value)) return "Array";
  switch (typeof value) {
    case "string":
      return "String";
    case "number":
      return "Number";
    case "boolean":
      return "Boolean";
    default:
      return "Object";
  }
}
