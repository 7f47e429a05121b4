import type { Json } from "../../../metadata/document/json.ts";
import { mapsAt, textAt, type MetadataDocument } from "../metadata-document.ts";
import { targetOf, type Findings } from "./findings.ts";
import { inconsistentObject, withMessage } from "./inconsistency.ts";
import { listedObject } from "./metadata-object.ts";

/** Whether a remote schema answered. */
export type RemoteSchemaState =
  | { readonly answers: true }
  | { readonly answers: false; readonly reason: string; readonly detail?: Json };

/** Returns the names of the remote schemas that answer. */
export function buildRemoteSchemas(
  metadata: MetadataDocument,
  states: ReadonlyMap<string, RemoteSchemaState>,
  findings: Findings,
): ReadonlySet<string> {
  const built = new Set<string>();
  for (const entry of mapsAt(metadata, "remote_schemas")) {
    const name = textAt(entry, "name");
    const state = states.get(name);
    if (state?.answers !== true) {
      const { reason, ...answer } = state ?? { reason: "not introspected" };
      const object = listedObject("remote_schemas", entry);
      findings.add(inconsistentObject(object, reason, withMessage(answer)));
      continue;
    }
    built.add(name);
    findings.exists(targetOf({ kind: "remote schema", name }));
  }
  return built;
}
