import type { Project } from "../../engine/project/project.ts";
import type { MetadataFault } from "../../lint/finding.ts";
import type { Removal } from "../../lint/removals.ts";
import { placesThatUse } from "../../metadata/consistency/uses.ts";
import type { MetadataDocument } from "../../metadata/document/metadata-document.ts";
import type { MetadataProblem } from "../../metadata/problem.ts";
import { metadataOf } from "./metadata-of.ts";

/** The metadata of a project, as far as `lint` uses it. */
interface MetadataForLint {
  /** The places that use a name of a database: `metadata/…/public_orders.yaml:14`. None if the metadata cannot be read. */
  readonly usesOf: (database: string, removal: Removal) => readonly string[];
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
  return (database, { kind, name, column }) => {
    const qualified = name.includes(".") ? name : `public.${name}`;
    const object =
      kind === "function"
        ? { function: qualified }
        : { table: qualified, ...(column !== undefined && { column }) };
    const places = placesThatUse(document, database, object);
    return [...new Set(places.map(({ file, line }) => `${file}:${String(line)}`))];
  };
}
