import { isJsonMap, type Json, type JsonMap } from "../../metadata/document/json.ts";
import { pathsByHasuraName } from "../../metadata/document/hasura-names.ts";
import { valueAt } from "../../metadata/document/value-at.ts";
import type { InconsistentObject } from "../hasura/client.ts";

/**
 * The inconsistent objects that are a reason to refuse the metadata. The others were inconsistent before, or are remote schemas that may
 * only be unreachable at the moment, or belong to such a remote schema.
 */
export function notTolerated(
  objects: readonly InconsistentObject[],
  before: readonly InconsistentObject[],
  document: JsonMap,
): InconsistentObject[] {
  const known = new Set(before.map(({ name }) => name));
  const isUnreachable = (schema: Json | undefined): boolean =>
    typeof schema === "string" &&
    objects.some(
      ({ type, name }) => type === "remote_schema" && name === `remote_schema ${schema}`,
    );
  const paths = pathsByHasuraName(document);
  return objects.filter(({ type, name }) => {
    if (known.has(name) || type === "remote_schema") return false;
    const path = paths.get(name);
    if (path === undefined) return true;
    if (path[0] === "remote_schemas")
      return !isUnreachable(nameOf(valueAt(document, path.slice(0, 2))));
    return (
      type !== "remote_relationship" || !isUnreachable(remoteSchemaOf(valueAt(document, path)))
    );
  });
}

function nameOf(value: Json | undefined): Json | undefined {
  return isJsonMap(value) ? value["name"] : undefined;
}

/** The remote schema that a relationship leads to, in either of its two forms. */
function remoteSchemaOf(relationship: Json | undefined): Json | undefined {
  if (!isJsonMap(relationship)) return undefined;
  const definition = relationship["definition"];
  if (!isJsonMap(definition)) return undefined;
  const target = definition["to_remote_schema"];
  return isJsonMap(target) ? target["remote_schema"] : definition["remote_schema"];
}
