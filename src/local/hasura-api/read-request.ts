import type { Json } from "../../metadata/document/json.ts";
import type { ApiRequest } from "./context.ts";
import { wrongType } from "./document/read-value.ts";
import { parseFailed } from "./hasura-error.ts";
import { isJsonMap } from "../../metadata/document/json.ts";

/** Requests that may be without arguments. */
const withoutArgs = new Set(["export_metadata", "get_catalog_state"]);

/**
 * Reads JSON as a request.
 * @throws HasuraError parse-failed
 */
export function readRequest(json: Json, path = "$"): ApiRequest {
  if (!isJsonMap(json)) throw wrongType("Object", "Object", json, path);
  const { type, version, resource_version: resourceVersion, args } = json;
  if (typeof type !== "string") throw parseFailed('key "type" not found', path);
  if (args === undefined && !withoutArgs.has(type)) throw parseFailed('key "args" not found', path);
  return {
    ...{ type, args: args ?? {}, path },
    ...(typeof version === "number" && { version }),
    ...(typeof resourceVersion === "number" && { resourceVersion }),
  };
}
