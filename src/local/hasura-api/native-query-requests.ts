import type { JsonMap } from "../../metadata/document/json.ts";
import { changeMetadata, refuseNew, refuseNewFor } from "./change-metadata.ts";
import type { Handler } from "./context.ts";
import { normaliseSource } from "./document/read-document.ts";
import { changeSource, mapsAt, textAt, withoutKey } from "./metadata-document.ts";
import { sourceNamed } from "./named-source.ts";
import { argsOf, refusal } from "./read-request.ts";
import { sourcePartObject } from "./schema-cache/metadata-object.ts";

/** A list of a source whose entries have requests of their own. */
interface Part {
  readonly list: "native_queries" | "logical_models";
  readonly key: string;
  /** As the server's messages call an entry. */
  readonly what: string;
}

const queries: Part = { list: "native_queries", key: "root_field_name", what: "Native query" };
const models: Part = { list: "logical_models", key: "name", what: "Logical model" };

/** Adds the entry in the arguments, or removes the one with its name. */
function change({ list, key, what }: Part, { isRemoval = false } = {}): Handler {
  return async (request, context) => {
    const args = argsOf(request);
    const name = textAt(args, key);
    const sourceName = textAt(args, "source");
    const entry: JsonMap = withoutKey(args, "source");
    await changeMetadata(request, context, {
      change: ({ metadata }) => {
        const source = sourceNamed(metadata, sourceName, request);
        const entries = mapsAt(source, list);
        const others = entries.filter((each) => each[key] !== name);
        const isTracked = others.length < entries.length;
        if (isTracked && !isRemoval)
          throw refusal(request, "already-tracked", `${what} '${name}' is already tracked.`);
        if (!isTracked && isRemoval)
          throw refusal(
            request,
            "not-found",
            `${what} "${name}" not found in source "${sourceName}".`,
          );
        const changed = isRemoval ? others : [...others, entry];
        return changeSource(metadata, sourceName, () =>
          normaliseSource({ ...source, [list]: changed }),
        );
      },
      accept: isRemoval ? refuseNew : refuseNewFor(sourcePartObject(sourceName, list, entry).name),
    });
    return { message: "success" };
  };
}

const listed =
  ({ list }: Part): Handler =>
  async (request, { store }) => {
    const { metadata } = await store.read();
    return mapsAt(sourceNamed(metadata, textAt(argsOf(request), "source"), request), list);
  };

/** The requests for native queries and logical models. */
export const nativeQueryRequests: Readonly<Record<string, Handler>> = {
  get_native_query: listed(queries),
  track_native_query: change(queries),
  untrack_native_query: change(queries, { isRemoval: true }),
  get_logical_model: listed(models),
  track_logical_model: change(models),
  untrack_logical_model: change(models, { isRemoval: true }),
};
