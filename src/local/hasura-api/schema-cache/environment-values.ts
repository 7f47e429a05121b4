import { isJsonMap, type JsonMap } from "../../../metadata/document/json.ts";
import { mapsAt, textAt } from "../metadata-document.ts";
import { NotBuilt } from "./inconsistency.ts";

/** The environment of the server. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * An address with `{{VARIABLE}}` replaced.
 * @throws NotBuilt if a variable is not set
 */
export function renderTemplate(template: string, env: Environment): string {
  const names = [...template.matchAll(/\{\{\s*([^}\s]+)\s*\}\}/g)].map(([, name = ""]) => name);
  const missing = names.filter((name) => env[name] === undefined);
  if (missing.length > 0)
    throw new NotBuilt(`Value for environment variables not found: ${missing.join(", ")}`);
  return template.replaceAll(/\{\{\s*([^}\s]+)\s*\}\}/g, (_all, name: string) => env[name] ?? "");
}

/** @throws NotBuilt if the variable is not set */
export function environmentValue(name: string, env: Environment): string {
  const value = env[name];
  if (value === undefined) throw new NotBuilt(`environment variable '${name}' not set`);
  return value;
}

/**
 * The headers of a webhook or a remote schema.
 * @throws NotBuilt if a variable is not set
 */
export function headerValues(owner: JsonMap, env: Environment): [string, string][] {
  return mapsAt(owner, "headers").map((header) => {
    const { value, value_from_env: variable } = header;
    const name = textAt(header, "name");
    if (typeof variable === "string") return [name, environmentValue(variable, env)];
    return [name, renderTemplate(typeof value === "string" ? value : "", env)];
  });
}

/** @throws NotBuilt if a permission's webhook for the validation of inputs cannot be resolved */
export function checkInputValidation(permission: JsonMap, env: Environment): void {
  const { validate_input: validation } = permission;
  if (!isJsonMap(validation) || !isJsonMap(validation["definition"])) return;
  renderTemplate(textAt(validation["definition"], "url"), env);
}
