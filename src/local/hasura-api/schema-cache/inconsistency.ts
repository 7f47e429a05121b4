import type { Json, JsonMap } from "../../../metadata/document/json.ts";
import type { MetadataObject } from "./metadata-object.ts";

/** Something inconsistent in the metadata, as `get_inconsistent_metadata` reports it. */
export interface Inconsistency {
  /** The objects that are inconsistent, and that would be dropped. */
  readonly objects: readonly MetadataObject[];
  /** The reason, without the kind of inconsistency. */
  readonly reason: string;
  /** True if something that it refers to does not exist, or is inconsistent itself. */
  readonly isMissingName?: boolean;
  /** The object of the answer. */
  readonly report: JsonMap;
}

/** @param message what the database or a server answered, if that is why */
export function inconsistentObject(
  object: MetadataObject,
  reason: string,
  { message, isMissingName = false }: { message?: Json; isMissingName?: boolean } = {},
): Inconsistency {
  const { definition, name, type } = object;
  const report = {
    definition,
    ...(message !== undefined && { message }),
    ...{ name, reason: `Inconsistent object: ${reason}`, type },
  };
  return { objects: [object], reason, isMissingName, report };
}

/** The additional detail in a report: the answer of a database or a server. */
export const withMessage = ({
  detail,
}: {
  readonly detail?: Json | undefined;
}): { message?: Json } => (detail === undefined ? {} : { message: detail });

/** Two objects that would have the same name in the schema. */
export function conflictingObjects(
  objects: readonly MetadataObject[],
  reason: string,
): Inconsistency {
  const parts = objects.map(({ definition, name, type }) => ({ definition, name, type }));
  const report = { objects: parts, reason: `Conflicting objects: ${reason}` };
  return { objects, reason, report };
}

/** A problem of the address of an endpoint. */
export function badAddress(object: MetadataObject, reason: string): Inconsistency {
  const { definition, name, type } = object;
  return { objects: [object], reason, report: { definition, name, reason, type } };
}

/** Endpoints that one address could mean. Only the first one would be dropped. */
export function ambiguousAddresses(
  objects: readonly MetadataObject[],
  addresses: readonly string[],
): Inconsistency {
  const reason = `Ambiguous URL paths: ${addresses.join(", ")}`;
  const conflicts = objects.map(({ definition }) => definition);
  return { objects: objects.slice(0, 1), reason, report: { conflicts, reason } };
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

/** Thrown where a name that an object refers to does not exist. */
export class MissingName extends NotBuilt {}

/** A name in the server's messages. */
export const quoted = (name: string): string => `"${name}"`;
