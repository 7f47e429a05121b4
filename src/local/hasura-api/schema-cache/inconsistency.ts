import type { Json, JsonMap } from "../../../metadata/document/json.ts";
import type { MetadataObject } from "./metadata-object.ts";

/** Something inconsistent in the metadata, as `get_inconsistent_metadata` reports it. */
export interface Inconsistency {
  /** The objects that are inconsistent, and that would be dropped. */
  readonly objects: readonly MetadataObject[];
  /** The object of the answer. */
  readonly report: JsonMap;
}

/** @param message what the database or a server answered, if that is why */
export function inconsistentObject(
  object: MetadataObject,
  reason: string,
  message?: Json,
): Inconsistency {
  const { definition, name, type } = object;
  const report = {
    definition,
    ...(message !== undefined && { message }),
    ...{ name, reason: `Inconsistent object: ${reason}`, type },
  };
  return { objects: [object], report };
}

/** Two objects that would have the same name in the schema. */
export function conflictingObjects(
  objects: readonly MetadataObject[],
  reason: string,
): Inconsistency {
  const parts = objects.map(({ definition, name, type }) => ({ definition, name, type }));
  return { objects, report: { objects: parts, reason: `Conflicting objects: ${reason}` } };
}

/** A problem of the address of an endpoint. */
export function badAddress(object: MetadataObject, reason: string): Inconsistency {
  const { definition, name, type } = object;
  return { objects: [object], report: { definition, name, reason, type } };
}

/** Endpoints that one address could mean. Only the first one would be dropped. */
export function ambiguousAddresses(
  objects: readonly MetadataObject[],
  addresses: readonly string[],
): Inconsistency {
  return {
    objects: objects.slice(0, 1),
    report: {
      conflicts: objects.map(({ definition }) => definition),
      reason: `Ambiguous URL paths: ${addresses.join(", ")}`,
    },
  };
}

/** Thrown where an object cannot be built, with the server's reason. */
export class NotBuilt extends Error {
  /** What the database or a server answered. */
  readonly detail: Json | undefined;

  constructor(reason: string, detail?: Json) {
    super(reason);
    this.name = "NotBuilt";
    this.detail = detail;
  }
}

/** A name in the server's messages. */
export const quoted = (name: string): string => `"${name}"`;
