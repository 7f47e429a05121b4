import type { MetadataChange, MetadataFieldChange } from "../../protocol/metadata-change.ts";
import type { JsonPath } from "../document/places.ts";
import type { ObjectKind } from "../document/object-lists.ts";

/** How a part of an object differs. All texts are free of secrets. */
export type FieldChange = MetadataFieldChange;

/** Why a change should be reviewed. */
export type Attention =
  /** A role may do something that it could not do before. */
  | "new-permission"
  | "no-row-filter"
  | "no-check"
  | "weaker-row-filter"
  | "weaker-check"
  | "all-columns"
  | "more-columns"
  | "more-computed-fields"
  | "fewer-presets"
  | "aggregations"
  | "more-root-fields"
  | "not-only-backend"
  | "new-role"
  | "more-roles"
  | "higher-limit"
  | "introspection"
  | "other-schema"
  | "forwarded-headers"
  /** The connection of a database differs, or the address that Hasura sends requests to. */
  | "connection"
  | "other-address"
  /** Hasura accepts certificates that nobody has verified. */
  | "trusted-certificates"
  /** A secret differs. */
  | "secret-value"
  /** Clients that use the former name no longer work. */
  | "other-names"
  /** Clients can no longer use it, a role loses all of a permission, or a trigger no longer runs. */
  | "removed"
  | "removed-permission"
  | "removed-trigger"
  /** Hasura replaces an event trigger by another, and no longer delivers the events of the former. */
  | "undelivered-events"
  /** What remains uses the removed object. */
  | "still-used";

/** One object on the way to another. A permission's name is its role. */
export interface PathPart {
  readonly kind: ObjectKind;
  readonly name: string;
}

/** One object that differs between two metadata documents. */
export interface ObjectChange extends Omit<MetadataChange, "path" | "at" | "attention" | "place"> {
  /** From the outermost object to this one: source, table, permission. */
  readonly path: PathPart[];
  /** Where it is in the second document; absent if it is not in it. */
  readonly at?: JsonPath;
  readonly attention: Attention[];
}
