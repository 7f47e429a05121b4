import type { MetadataStore } from "./metadata-store.ts";
import type { RunSqlContext } from "./run-sql.ts";
import type { LocalSource } from "./sources.ts";

/** What every request has at hand. */
export interface ApiContext extends RunSqlContext {
  readonly store: MetadataStore;
  readonly local: readonly LocalSource[];
  /** The version that the API says it is, such as `v2.48.0`. */
  readonly version: string;
}

/** One request as it came, and where it stands (`$`, `$.args[2]`). */
export interface ApiRequest {
  readonly type: string;
  readonly version?: number;
  readonly args: unknown;
  readonly resourceVersion?: number;
  readonly path: string;
}

/** Answers the JSON body of a 200. Throws HasuraError. */
export type Handler = (request: ApiRequest, context: ApiContext) => Promise<unknown>;
