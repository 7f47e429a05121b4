import { isJsonMap, type Json, type JsonMap } from "../../metadata/document/json.ts";
import type { ApiRequest } from "./context.ts";
import { wrongType } from "./document/read-value.ts";
import { HasuraError, parseFailed } from "./hasura-error.ts";

/**
 * Refuses an empty name or role of a new object.
 * @throws HasuraError parse-failed; as on a server, its path does not include `args`
 */
export function refuseEmpty(args: JsonMap, key: string): void {
  if (args[key] === "") throw parseFailed("empty string not allowed", `$.${key}`);
}

/**
 * The arguments of a request, which must be an object.
 * @throws HasuraError parse-failed
 */
export function argsOf({ args, path }: ApiRequest): JsonMap {
  if (!isJsonMap(args)) throw parseFailed("parsing Object failed, expected Object", `${path}.args`);
  return args;
}

/** Why a request is refused. `at`: the argument that is wrong, such as `.name`; none if it is not known. */
export function refusal({ path }: ApiRequest, code: string, message: string, at = ""): HasuraError {
  return new HasuraError(400, code, message, { path: `${path}.args${at}` });
}

/** Requests that may be without arguments. */
const withoutArgs = new Set([
  ...["export_metadata", "get_catalog_state", "remove_api_limits", "remove_metrics_config"],
]);

/**
 * Reads JSON as a request.
 * @throws HasuraError parse-failed
 */
export function readRequest(json: Json, path = "$"): ApiRequest {
  if (!isJsonMap(json)) throw wrongType("Object", "Object", json, path);
  const { type, version, resource_version: resourceVersion, args } = json;
  if (typeof type !== "string") throw parseFailed('key "type" not found', path);
  if (typeof version === "number" && version !== 1 && version !== 2)
    throw parseFailed(`expected 1 or 2, encountered ${String(version)}`, `${path}.version`);
  if (args === undefined && !withoutArgs.has(type)) throw parseFailed('key "args" not found', path);
  return {
    ...{ type, args: args ?? {}, path },
    ...(typeof version === "number" && { version }),
    ...(typeof resourceVersion === "number" && { resourceVersion }),
  };
}
