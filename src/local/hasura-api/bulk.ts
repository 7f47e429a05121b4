import type { ApiContext, ApiRequest, Handler } from "./context.ts";
import { errorBody, HasuraError } from "./hasura-error.ts";
import type { MetadataDocument } from "./metadata-document.ts";
import type { MetadataAccess, StoredMetadata } from "./metadata-store.ts";
import { list } from "./document/read-value.ts";
import { readRequest } from "./read-request.ts";

/** Runs the items of a bulk in order. The first error ends it, with the path of its item. */
export async function bulk(
  request: ApiRequest,
  run: (one: ApiRequest) => Promise<unknown>,
): Promise<unknown[]> {
  const items = list((item) => item)(request.args, `${request.path}.args`);
  const answers: unknown[] = [];
  for (const [i, item] of items.entries())
    answers.push(await run(readRequest(item, `${request.path}.args[${i}]`)));
  return answers;
}

/** A bulk whose changes of the metadata are stored together at the end, or not at all. */
export async function metadataBulk(
  request: ApiRequest,
  context: ApiContext,
  run: Handler,
): Promise<unknown[]> {
  const pending = new PendingMetadata(context.store);
  const inside: ApiContext = { ...context, store: pending };
  const answers = await bulk(request, async (one) => {
    try {
      return await run(one, inside);
    } catch (thrown) {
      if (request.type !== "bulk_keep_going" || !(thrown instanceof HasuraError)) throw thrown;
      return errorBody(thrown, false);
    }
  });
  await pending.store(request, context);
  return answers;
}

/** Versions that no stored document has, so that a cache is never taken for that of another document. */
let lastPendingVersion = 0;

/** Keeps changes of the metadata until they are stored. */
class PendingMetadata implements MetadataAccess {
  readonly #store: MetadataAccess;
  #stored: Promise<StoredMetadata> | undefined;
  #pending: StoredMetadata | undefined;

  constructor(store: MetadataAccess) {
    this.#store = store;
  }

  async read(): Promise<StoredMetadata> {
    return this.#pending ?? (await (this.#stored ??= this.#store.read()));
  }

  write(metadata: MetadataDocument): Promise<number> {
    lastPendingVersion -= 1;
    this.#pending = { metadata, resourceVersion: lastPendingVersion };
    return Promise.resolve(lastPendingVersion);
  }

  async store({ resourceVersion }: ApiRequest, { cache }: ApiContext): Promise<void> {
    if (this.#pending === undefined) return;
    const { metadata } = this.#pending;
    const built = await cache.of(this.#pending);
    const stored = await this.#stored;
    const version = await this.#store.write(
      metadata,
      resourceVersion ?? stored?.resourceVersion ?? 0,
    );
    cache.keep(version, built);
  }
}
