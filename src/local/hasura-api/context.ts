import type { Json } from "../../metadata/document/json.ts";
import type { CurrentCache } from "./current-cache.ts";
import type { MetadataAccess, MetadataStore } from "./metadata-store.ts";
import type { LocalSource, Sources } from "./sources.ts";

/** What every request handler is given. */
export interface ApiContext {
  readonly store: MetadataAccess;
  readonly state: Pick<MetadataStore, "state" | "setState" | "versionRow">;
  readonly cache: CurrentCache;
  readonly sources: Sources;
  readonly local: readonly LocalSource[];
  /** The version that the API reports, such as `v2.48.0`. */
  readonly version: string;
  /**
   * False for servers before 2.45.3, which silently ignore the key
   * (docs/internals/hasura-protocol.md, "Statements outside a transaction").
   */
  readonly supportsNoTransaction: boolean;
}

/** One request. `path` is its place in the whole body: `$`, or `$.args[2]` in a bulk. */
export interface ApiRequest {
  readonly type: string;
  readonly version?: number;
  readonly args: Json;
  readonly resourceVersion?: number;
  readonly path: string;
}

/**
 * Resolves with the JSON body of a 200 response.
 * @throws HasuraError
 */
export type Handler = (request: ApiRequest, context: ApiContext) => Promise<unknown>;
