import type { AddressInfo } from "node:net";
import { Failure } from "../../protocol/failure.ts";
import { prepareCatalog } from "./catalog-schema.ts";
import type { ApiContext } from "./context.ts";
import { HasuraError } from "./hasura-error.ts";
import { apiServer } from "./http.ts";
import { isCode } from "../postgres/file-lock.ts";
import { MetadataStore } from "./metadata-store.ts";
import { configurationFor, isPostgresFamily, Sources, type LocalSource } from "./sources.ts";
import type { DriverFaults } from "./session.ts";

export type { LocalSource } from "./sources.ts";
export type { DriverFaults } from "./session.ts";
export { resetCatalog } from "./catalog-schema.ts";

export interface HasuraApiOptions {
  /** Where state and metadata are kept; may be one of the sources. */
  readonly metadataUrl: string;
  readonly sources: readonly LocalSource[];
  readonly adminSecret: string;
  /** On 127.0.0.1; 0 or absent: any free one. */
  readonly port?: number;
  /** As a production server may be set: error bodies without `internal`. */
  readonly hideInternals?: boolean;
  /** The server to imitate; below 2.45.3 `no_transaction` is ignored. */
  readonly version?: string;
  /** For `from_env` in the metadata of sources that the environment does not bring. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly faults?: DriverFaults;
  readonly log?: (line: string) => void;
}

export interface HasuraApi {
  readonly url: string;
  readonly adminSecret: string;
  stop(): Promise<void>;
}

/**
 * Serves Hasura's metadata and SQL API over real databases that imitates the driver of a real
 * server (docs/internals/hasura-protocol.md, "Transactions and the driver"). No GraphQL.
 * Throws a Failure: usage `foreign-hdb-catalog`, `port-in-use`; unreachable `database-unreachable`.
 */
export async function startHasuraApi(options: HasuraApiOptions): Promise<HasuraApi> {
  const postgres = options.sources.filter(({ kind }) => isPostgresFamily(kind));
  const urls = new Set([options.metadataUrl, ...postgres.map(({ url }) => url)]);
  for (const url of urls)
    await prepareCatalog(url, {
      metadata: url === options.metadataUrl,
      source: postgres.some((source) => source.url === url),
    });
  const version = options.version ?? "v2.48.0";
  const store = new MetadataStore(options.metadataUrl);
  const sources = new Sources(options.sources, options.env ?? {}, options.faults ?? {});
  const context: ApiContext = {
    store,
    sources,
    local: options.sources,
    version,
    knowsNoTransaction: isAtLeast(version, [2, 45, 3]),
  };
  try {
    await addSources(context);
    const server = apiServer(context, {
      adminSecret: options.adminSecret,
      hideInternals: options.hideInternals ?? false,
      log: options.log ?? (() => undefined),
    });
    const port = await listen(server, options.port ?? 0);
    return {
      url: `http://127.0.0.1:${port}`,
      adminSecret: options.adminSecret,
      stop: once(() => stop(server, context)),
    };
  } catch (thrown) {
    await Promise.all([sources.close(), store.close()]);
    throw thrown;
  }
}

/** The environment's sources stand in the metadata from the start, as a server's default one does. */
async function addSources(context: ApiContext): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await addMissingSources(context);
      return;
    } catch (thrown) {
      // Another one starts on the same database and was quicker: what is missing is looked up again.
      if (!(thrown instanceof HasuraError && thrown.status === 409) || attempt === 5) throw thrown;
    }
  }
}

async function addMissingSources({ store, local }: ApiContext): Promise<void> {
  const { metadata, resourceVersion } = await store.read();
  const missing = local.filter(
    ({ name }) => !metadata.sources.some((source) => source.name === name),
  );
  if (missing.length === 0 && resourceVersion > 0) return;
  const added = missing.map((source) => ({
    name: source.name,
    kind: source.kind,
    tables: [],
    configuration: configurationFor(source),
  }));
  await store.write({ ...metadata, sources: [...metadata.sources, ...added] }, resourceVersion);
}

function isAtLeast(version: string, least: readonly [number, number, number]): boolean {
  const parts = /(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number) ?? [];
  for (const [i, needed] of least.entries()) {
    const part = parts[i] ?? 0;
    if (part !== needed) return part > needed;
  }
  return true;
}

function listen(server: ReturnType<typeof apiServer>, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) =>
      reject(
        isCode(error, "EADDRINUSE")
          ? new Failure("usage", "port-in-use", `Port ${port} is in use by another program.`, {
              hints: ["leave the port out: a free one is taken"],
              cause: error,
            })
          : error,
      ),
    );
    server.listen(port, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}

/** Requests in hand may end; idle keep-alive connections are closed at once, or the server would wait for their clients. */
async function stop(
  server: ReturnType<typeof apiServer>,
  { sources, store }: ApiContext,
): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), 2_000).unref();
  });
  await Promise.all([sources.close(), store.close()]);
}

function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => (running ??= work());
}
