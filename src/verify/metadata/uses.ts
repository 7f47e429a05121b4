import type { Project } from "../../engine/project/project.ts";
import type { Removal } from "../../lint/removals.ts";
import { placesThatUse } from "../../metadata/consistency/uses.ts";
import { metadataOf } from "./metadata-of.ts";

/**
 * The places in a project's metadata that use a name of a database: `metadata/…/public_orders.yaml:14`. None if the metadata cannot be
 * read, which `verify` reports.
 */
export async function usesInMetadata(
  project: Project,
): Promise<(database: string, removal: Removal) => readonly string[]> {
  const { document } = await metadataOf(project);
  return (database, { kind, name, column }) => {
    if (document === undefined) return [];
    const qualified = name.includes(".") ? name : `public.${name}`;
    const object =
      kind === "function"
        ? { function: qualified }
        : { table: qualified, ...(column !== undefined && { column }) };
    const places = placesThatUse(document, database, object);
    return [...new Set(places.map(({ file, line }) => `${file}:${String(line)}`))];
  };
}
