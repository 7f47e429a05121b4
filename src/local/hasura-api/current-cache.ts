import type { JsonMap } from "../../metadata/document/json.ts";
import { mapsAt, textAt, type MetadataDocument } from "./metadata-document.ts";
import type { StoredMetadata } from "./metadata-store.ts";
import { buildCache, type DatabaseState, type SchemaCache } from "./schema-cache/build-cache.ts";
import type { Environment } from "./schema-cache/environment-values.ts";
import { introspect } from "./schema-cache/introspect.ts";
import type { RemoteSchemaState } from "./schema-cache/remote-schemas.ts";
import type { Sources } from "./sources.ts";

/** A schema cache with the metadata that it is built from. */
export interface BuiltCache {
  readonly metadata: MetadataDocument;
  readonly cache: SchemaCache;
  readonly databases: ReadonlyMap<string, DatabaseState>;
}

/** What is read again when the cache is built; by default all sources, and only remote schemas that are new or changed. */
export interface Reread {
  /** False for a source whose schema is taken from the last build. */
  readonly source?: (name: string) => boolean;
  /** True for a remote schema that is asked again. */
  readonly remoteSchema?: (name: string) => boolean;
}

/**
 * The schema cache that requests use. As on the server, it does not notice a change in a database before it is built again: after a
 * change of the metadata, a reload, or SQL with a check of the metadata.
 */
export class CurrentCache {
  readonly #sources: Sources;
  readonly #env: Environment;
  readonly #handlerEnv: Environment;
  readonly #remoteSchemas = new Map<string, RemoteSchemaState>();
  #last: { readonly resourceVersion: number; readonly built: BuiltCache } | undefined;

  /** @param variables `env`: for remote schemas, which are introspected; `handlerEnv`: for webhooks and handlers, which are not called */
  constructor(
    sources: Sources,
    { env, handlerEnv }: { readonly env: Environment; readonly handlerEnv: Environment },
  ) {
    this.#sources = sources;
    this.#env = env;
    this.#handlerEnv = handlerEnv;
  }

  /** The cache for the stored metadata; built if another instance has changed it. */
  async of({ metadata, resourceVersion }: StoredMetadata): Promise<BuiltCache> {
    if (this.#last?.resourceVersion === resourceVersion) return this.#last.built;
    const built = await this.build(metadata);
    this.keep(resourceVersion, built);
    return built;
  }

  /**
   * Builds a cache without keeping it.
   * @throws HasuraError if inherited roles form a circle
   */
  async build(metadata: MetadataDocument, reread: Reread = {}): Promise<BuiltCache> {
    const [databases, remoteSchemas] = await Promise.all([
      this.#readDatabases(metadata, reread),
      this.#readRemoteSchemas(metadata, reread),
    ]);
    const cache = buildCache({ metadata, databases, remoteSchemas, env: this.#handlerEnv });
    return { metadata, cache, databases };
  }

  keep(resourceVersion: number, built: BuiltCache): void {
    this.#last = { resourceVersion, built };
  }

  async #readDatabases(
    metadata: MetadataDocument,
    { source: isReread = () => true }: Reread,
  ): Promise<ReadonlyMap<string, DatabaseState>> {
    const known = this.#last?.built.databases;
    const read = metadata.sources.map(async (source): Promise<[string, DatabaseState]> => {
      const last = isReread(source.name) ? undefined : known?.get(source.name);
      return [source.name, last ?? (await this.#sources.readDatabase(source))];
    });
    return new Map(await Promise.all(read));
  }

  async #readRemoteSchemas(
    metadata: MetadataDocument,
    { remoteSchema: isReread = () => false }: Reread,
  ): Promise<ReadonlyMap<string, RemoteSchemaState>> {
    const read = mapsAt(metadata, "remote_schemas").map(
      async (entry): Promise<[string, RemoteSchemaState]> => {
        const name = textAt(entry, "name");
        return [name, await this.#remoteSchema(entry, isReread(name))];
      },
    );
    return new Map(await Promise.all(read));
  }

  async #remoteSchema(entry: JsonMap, again: boolean): Promise<RemoteSchemaState> {
    const key = JSON.stringify([entry["name"] ?? null, entry["definition"] ?? null]);
    const known = again ? undefined : this.#remoteSchemas.get(key);
    const state = known ?? (await introspect(entry, this.#env));
    this.#remoteSchemas.set(key, state);
    return state;
  }
}
