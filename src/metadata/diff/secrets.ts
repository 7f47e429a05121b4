import { isJsonList, isJsonMap, type Json } from "../document/json.ts";
import { canonicalText } from "./canonical-text.ts";

/*
 * Metadata can contain secrets: a header's value, a password in a connection or an address. What leaves the function
 * shows that they differ, never what they are.
 */

const hidden = "***";

/** Keys of a source's configuration whose texts are no secret. Anything else in it may be one. */
const openSettings = new Set([
  ...["from_env", "isolation_level", "database", "schema", "username", "host", "name", "template"],
]);

/** Parts of a source's configuration that say how to connect. */
const connections = new Set(["connection_info", "read_replicas"]);

/** True where the value is a secret as a whole. */
export function isSecretAt(path: readonly string[], value: Json): boolean {
  const key = path.at(-1) ?? "";
  if (typeof value !== "string") return false;
  if (path.includes("add_headers")) return !value.includes("{{");
  // A header as a part by its name: headers, NAME, value.
  if (key === "value" && path.includes("headers")) return true;
  if (path[0] === "configuration" && path.some((each) => connections.has(each)))
    return !openSettings.has(key);
  return /password|secret|passphrase|api_?key|access_?key|private_?key/i.test(key);
}

/** A value as text: strings as they are, everything else as JSON; secrets are replaced. */
export function textWithoutSecrets(value: Json, path: readonly string[]): string {
  const open = withoutSecrets(value, path);
  return typeof open === "string" ? open : canonicalText(open);
}

function withoutSecrets(value: Json, path: readonly string[]): Json {
  if (isSecretAt(path, value)) return hidden;
  if (typeof value === "string") return withoutCredentials(value);
  if (isJsonList(value)) return value.map((each) => withoutSecrets(each, path));
  if (!isJsonMap(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, withoutSecrets(inner, [...path, key])]),
  );
}

/** An address, or one that begins with a variable of the server: `{{BASE_URL}}/orders`. */
const address = /:\/\/|\{\{[^{}]*\}\}/;

/** A text, such as Hasura's reason for an inconsistent object, with the passwords and the query values in its addresses masked. */
export function withoutCredentials(text: string): string {
  return text
    .replace(/(\b[a-z][a-z0-9+.-]*:\/\/[^\s/@:]*):[^\s/@]*@/gi, `$1:${hidden}@`)
    .replace(/(\?|&)([^=&\s{}]+)=([^&\s{}]+)/g, (match: string, mark: string, name: string) =>
      address.test(text) ? `${mark}${name}=${hidden}` : match,
    );
}
