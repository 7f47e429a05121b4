import type { MetadataStore } from "./metadata-store.ts";
import type { RunSqlContext } from "./run-sql.ts";
import type { LocalSource } from "./sources.ts";

/** What every request handler is given. */
export interface ApiContext extends RunSqlContext {
  readonly store: MetadataStore;
  readonly local: readonly LocalSource[];
  /** The version that the API reports, such as `v2.48.0`. */
  readonly version: string;
}

/** One request. `path` is its place in the whole body: `$`, or `$.args[2]` in a bulk. */
export interface ApiRequest {
  readonly type: string;
  readonly version?: number;
  readonly args: unknown;
  readonly resourceVersion?: number;
  readonly path: string;
}

/**
 * Resolves with the JSON body of a 200 response.
 * @throws HasuraError
 */
export type Handler = (request: ApiRequest, context: ApiContext) => Promise<unknown>;
