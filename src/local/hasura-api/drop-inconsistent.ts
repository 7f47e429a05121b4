import { changeMetadata, reportsOf } from "./change-metadata.ts";
import type { ApiContext, ApiRequest } from "./context.ts";
import { HasuraError } from "./hasura-error.ts";
import type { SchemaCache } from "./schema-cache/build-cache.ts";
import { withoutObject } from "./schema-cache/metadata-object.ts";

/**
 * `drop_inconsistent_metadata`: removes every inconsistent object, dependents first.
 * @throws HasuraError 400 if something else is inconsistent then
 */
export async function dropInconsistent(request: ApiRequest, context: ApiContext): Promise<void> {
  await changeMetadata(request, context, {
    change: ({ metadata, cache }) =>
      cache.inconsistencies
        .flatMap(({ objects }) => objects)
        .toReversed()
        .reduce((document, object) => withoutObject(document, object), metadata),
    accept: (_before, after, path) => {
      if (after.inconsistencies.length > 0) throw stillInconsistent(after, path);
    },
  });
}

function stillInconsistent({ inconsistencies }: SchemaCache, path: string): HasuraError {
  return new HasuraError(400, "unexpected", "cannot continue due to new inconsistent metadata", {
    path,
    internal: reportsOf(inconsistencies),
  });
}
