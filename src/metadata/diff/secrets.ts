import { isJsonList, isJsonMap, type Json } from "../document/json.ts";
import { canonicalText } from "./canonical-text.ts";

/*
 * Metadata can contain secrets: a header's value, a password in a connection or an address. What leaves the function
 * shows that they differ, never what they are.
 */

/** Replaces secrets in text. */
export const hidden = "***";

/** Keys of a source's configuration whose texts are no secret. Anything else in it may be one. */
const openSettings = new Set([
  ...["from_env", "isolation_level", "database", "schema", "username", "host", "name", "template"],
]);

/** Parts of a source's configuration that say how to connect; `value` is that of a data connector. */
const connections = new Set(["connection_info", "read_replicas", "service_account", "value"]);

/** Names whose values are secrets, also with words before them, such as `sslpassword` and `x-api-key`. */
const secretNames =
  "passwords?|passwd|pwd|passphrase|secrets?|tokens?|credentials?|authorization|(?:api|access|account|private)[-_]?keys?";
const secretKey = new RegExp(
  `(?:${secretNames})$|password|secret|passphrase|(?:api|access|private)_?key`,
  "i",
);

/** Objects whose keys are names of columns and fields. */
const nameMaps = new Set(["custom_column_names", "column_config", "column_mapping", "mapping"]);

/** True for a value that a transformation adds to each request: a template, whose own text can be a secret. */
function isTemplate(path: readonly string[]): boolean {
  return path.slice(0, -1).some((key) => key === "add_headers" || key === "query_params");
}

/** True where the value is a secret as a whole. */
export function isSecretAt(path: readonly string[], value: Json): boolean {
  const key = path.at(-1) ?? "";
  if (typeof value !== "string") return false;
  if (isTemplate(path)) return !value.includes("{{");
  // A header as a part by its name: headers, NAME, value.
  if (key === "value" && path.includes("headers")) return true;
  if (path[0] === "configuration" && path.some((each) => connections.has(each)))
    return !openSettings.has(key);
  return secretKey.test(key) && !path.some((each) => nameMaps.has(each));
}

/** A value as text: strings as they are, everything else as JSON; secrets are replaced. */
export function textWithoutSecrets(value: Json, path: readonly string[]): string {
  const open = withoutSecrets(value, path);
  return typeof open === "string" ? open : canonicalText(open);
}

function withoutSecrets(value: Json, path: readonly string[]): Json {
  if (isSecretAt(path, value)) return hidden;
  if (typeof value === "string") return withoutSecretParts(value, path);
  if (isJsonList(value)) return value.map((each) => withoutSecrets(each, path));
  if (!isJsonMap(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, withoutSecrets(inner, [...path, key])]),
  );
}

function withoutSecretParts(text: string, path: readonly string[]): string {
  if (isTemplate(path)) return withoutLiterals(text);
  if (path.at(-1) !== "query_params") return withoutCredentials(text);
  return text.replace(/=([^&]+)/g, (_, value: string) => `=${withoutLiterals(value)}`);
}

/** A template with only its variables, and the scheme before a token: `Bearer {{$session.token}}`. */
function withoutLiterals(template: string): string {
  return template.replace(/\{\{[^]*?\}\}|(?:(?!\{\{)[^])+/g, (part) =>
    part.startsWith("{{") || /^\s*((basic|bearer)\s+)?$/i.test(part) ? part : hidden,
  );
}

/** An address, one that begins with a variable of the server, `{{BASE_URL}}/orders`, or its path. */
const address = /:\/\/|\{\{[^{}]*\}\}|^[/?]/;

/** `password=…` as in connection strings, with or without quotes or braces. */
const assigned = new RegExp(
  `([\\w.-]*(?:${secretNames})\\s*=\\s*)(?:'(?:[^'\\\\]|\\\\.)*'|"(?:[^"\\\\]|\\\\.)*"|\\{(?!\\{)[^}]*\\}|[^\\s;&,'"{)\\]}]+)`,
  "gi",
);
/** `"password":"…"` as in JSON, also where the JSON is inside a text of its own. */
const inJson = new RegExp(
  `(\\\\?"[\\w.-]*(?:${secretNames})\\\\?"\\s*:\\s*\\\\?")(?:[^"\\\\]|\\\\[^"])*`,
  "gi",
);

/**
 * A text, such as Hasura's reason for an inconsistent object, in which passwords and query values of addresses are masked, and values
 * that are assigned to a name such as `password`.
 */
export function withoutCredentials(text: string): string {
  return (
    text
      .replace(/(\b[a-z][a-z0-9+.-]*:\/\/[^\s/@:]*):[^\s"'<>]*@/gi, `$1:${hidden}@`)
      // In a web address, the part before the @ is more often a token than a user name.
      .replace(/(\b(?:https?|wss?):\/\/)(?!\{\{[^{}]*\}\}@)[^\s/@?#"'<>]+@/gi, `$1${hidden}@`)
      .replace(inJson, `$1${hidden}`)
      .replace(assigned, `$1${hidden}`)
      .replace(/(\?|&)([^=&\s{}]+)=([^&\s{}]+)/g, (match: string, mark: string, name: string) =>
        address.test(text) ? `${mark}${name}=${hidden}` : match,
      )
  );
}
