import type { ApiContext, ApiRequest } from "./context.ts";
import type { BuiltCache, Reread } from "./current-cache.ts";
import { updateEventTriggers } from "./event-triggers/update.ts";
import { HasuraError } from "./hasura-error.ts";
import { textAt, type MetadataDocument } from "./metadata-document.ts";
import type { SchemaCache } from "./schema-cache/build-cache.ts";
import type { Inconsistency } from "./schema-cache/inconsistency.ts";

/** Refuses a change of the metadata because of what would be inconsistent after it. */
export type Acceptance = (before: SchemaCache, after: SchemaCache, path: string) => void;

export interface Change {
  /** @throws HasuraError for a change that is not possible */
  readonly change: (current: BuiltCache) => MetadataDocument;
  readonly accept: Acceptance;
  readonly reread?: Reread;
}

/**
 * Changes the metadata as the server does: builds the schema, checks it, stores the document if nobody else has changed it in the
 * meantime, and brings the triggers in the databases up to date.
 * @throws HasuraError 400 or 500 for what is inconsistent, 409 for a conflict
 */
export async function changeMetadata(
  request: Pick<ApiRequest, "path" | "resourceVersion">,
  { store, cache, sources }: ApiContext,
  { change, accept, reread = {} }: Change,
): Promise<BuiltCache> {
  const stored = await store.read();
  const before = await cache.of(stored);
  const metadata = change(before);
  const after = await cache.build(metadata, reread);
  accept(before.cache, after.cache, `${request.path}.args`);
  const version = await store.write(metadata, request.resourceVersion ?? stored.resourceVersion);
  cache.keep(version, after);
  await updateEventTriggers(before, after, sources);
  return after;
}

/** Everything is accepted. */
export const acceptAll: Acceptance = () => undefined;

/** Nothing may be inconsistent. */
export const refuseAny: Acceptance = (_before, { inconsistencies }, path) => {
  if (inconsistencies.length > 0)
    throw refused(400, "cannot continue due to inconsistent metadata", inconsistencies, path);
};

/** Nothing may be inconsistent that was not before; the server has a separate error for that. */
export const refuseNew: Acceptance = (before, after, path) => {
  const added = newInconsistencies(before, after);
  if (added.length > 0)
    throw refused(500, "cannot continue due to newly found inconsistent metadata", added, path);
};

/** As `refuseNew`, for the request that creates the object of this name, which may not be inconsistent either. */
export function refuseNewFor(name: string): Acceptance {
  return (before, after, path) => {
    const own = after.inconsistencies.filter(({ objects }) =>
      objects.some((object) => object.name === name),
    );
    if (own.length > 0) {
      const reasons = own.map(({ report }) => textAt(report, "reason")).join(", ");
      throw refused(400, reasons, own, path, "invalid-configuration");
    }
    const added = newInconsistencies(before, after);
    if (added.length > 0)
      throw refused(400, "cannot continue due to new inconsistent metadata", added, path);
  };
}

/** The inconsistencies of objects that were not inconsistent before. */
export function newInconsistencies(before: SchemaCache, after: SchemaCache): Inconsistency[] {
  const known = new Set(before.inconsistencies.flatMap(({ objects }) => objects.map(nameOf)));
  return after.inconsistencies.filter(({ objects }) =>
    objects.some((object) => !known.has(nameOf(object))),
  );
}

const nameOf = ({ name }: { readonly name: string }): string => name;

function refused(
  status: number,
  message: string,
  found: readonly Inconsistency[],
  path: string,
  code = "unexpected",
): HasuraError {
  return new HasuraError(status, code, message, { path, internal: reportsOf(found) });
}

/** As `inconsistent_objects` lists them. */
export const reportsOf = (found: readonly Inconsistency[]): readonly object[] =>
  found.map(({ report }) => report);
