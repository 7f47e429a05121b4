import type { Project } from "../../engine/project/project.ts";
import type { MetadataFault } from "../../lint/finding.ts";
import type { Schema } from "../../lint/schema.ts";
import type { KnownKey } from "../../metadata/consistency/schema.ts";
import {
  placesThatUse,
  usedObject,
  withSchema,
  type NameInDatabase,
} from "../../metadata/consistency/uses.ts";
import type { MetadataDocument } from "../../metadata/document/metadata-document.ts";
import type { MetadataProblem } from "../../metadata/problem.ts";
import { metadataOf } from "./metadata-of.ts";

/** The metadata of a project, as far as `lint` uses it. */
interface MetadataForLint {
  /** The places that use a name of a database: `metadata/…/public_orders.yaml:14`. None if the metadata cannot be read. */
  readonly usesOf: (database: string, removed: NameInDatabase, before: Schema) => readonly string[];
  /** Why it cannot be read. */
  readonly metadataFaults: readonly MetadataFault[];
}

/** Reads the metadata of a project for `lint`. What `verify` reports of metadata that can be read is left out. */
export async function metadataForLint(project: Project): Promise<MetadataForLint> {
  const { document, problems } = await metadataOf(project);
  return {
    usesOf: document === undefined ? () => [] : usesIn(document),
    metadataFaults: problems.flatMap(faultOf),
  };
}

function faultOf({ code, message, place, advice }: MetadataProblem): MetadataFault[] {
  if (code !== "metadata-unreadable" || place === undefined) return [];
  return [{ ...place, message, ...(advice !== undefined && { advice }) }];
}

function usesIn(document: MetadataDocument): MetadataForLint["usesOf"] {
  return (database, removed, before) => {
    const object = usedObject(removed);
    const places = placesThatUse(document, database, object, foreignKeysIn(before));
    return [...new Set(places.map(({ file, line }) => `${file}:${String(line)}`))];
  };
}

function foreignKeysIn({ tables }: Schema): KnownKey[] {
  return [...tables].flatMap(([owner, { constraints }]) =>
    [...constraints.values()].flatMap(({ columns, target }) =>
      target === undefined
        ? []
        : [{ owner: withSchema(owner), columns, table: withSchema(target) }],
    ),
  );
}
