import type { AddressInfo } from "node:net";
import {
  firstWithNoTransaction,
  isOlder,
  parseServerVersion,
} from "../../engine/hasura/server-version.ts";
import { Failure } from "../../protocol/failure.ts";
import { textHint } from "../../protocol/hint.ts";
import { errorCode } from "../../system-error.ts";
import { prepareCatalog } from "./catalog-schema.ts";
import type { ApiContext } from "./context.ts";
import { HasuraError } from "./hasura-error.ts";
import { apiServer } from "./http.ts";
import { MetadataStore } from "./metadata-store.ts";
import { CurrentCache } from "./current-cache.ts";
import { isPostgresFamily } from "./source-kind.ts";
import { configurationFor, Sources, type LocalSource } from "./sources.ts";
import { setUpFailure } from "./with-client.ts";
import type { DriverFaults } from "./session.ts";

export type { LocalSource } from "./sources.ts";
export type { DriverFaults } from "./session.ts";
export { resetCatalog } from "./catalog-schema.ts";

export interface HasuraApiOptions {
  /** The database for state and metadata; may be one of the sources. */
  readonly metadataUrl: string;
  readonly sources: readonly LocalSource[];
  readonly adminSecret: string;
  /** On 127.0.0.1; default: any free one. */
  readonly port?: number;
  /** Leaves `internal` out of error bodies, as a production server may be configured to. */
  readonly hideInternals?: boolean;
  /** The server version to imitate; before 2.45.3 `no_transaction` is ignored. */
  readonly version?: string;
  /** Environment variables for the addresses of other sources and of remote schemas. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Variables that webhooks and handlers may name; they are checked, but no request is sent there. Default: `env`. */
  readonly handlerEnv?: Readonly<Record<string, string | undefined>>;
  readonly faults?: DriverFaults;
  readonly log?: (line: string) => void;
}

export interface HasuraApi {
  readonly url: string;
  readonly adminSecret: string;
  stop(): Promise<void>;
}

/**
 * Serves Hasura's metadata and SQL API (not GraphQL) over real databases, with the behaviour of a real server's database
 * driver (docs/internals/hasura-protocol.md, "Transactions and the driver").
 * @throws Failure usage/foreign-hdb-catalog, usage/port-in-use, unreachable/database-unreachable
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
  const serverVersion = parseServerVersion(version);
  const store = new MetadataStore(options.metadataUrl);
  const env = options.env ?? {};
  const sources = new Sources(options.sources, env, options.faults ?? {});
  const context: ApiContext = {
    ...{
      store,
      state: store,
      sources,
      cache: new CurrentCache(sources, { env, handlerEnv: options.handlerEnv ?? env }),
    },
    local: options.sources,
    version,
    supportsNoTransaction:
      serverVersion !== undefined && !isOlder(serverVersion, firstWithNoTransaction),
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
      stop: once(async () => {
        await stop(server);
        await Promise.all([sources.close(), store.close()]);
      }),
    };
  } catch (thrown) {
    await Promise.all([sources.close(), store.close()]);
    throw setUpFailure(thrown, options.metadataUrl);
  }
}

/** Adds the environment's sources to the metadata, as a server adds its default source at the start. */
async function addSources(context: ApiContext): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await addMissingSources(context);
      return;
    } catch (thrown) {
      // Another instance started on the same database and wrote first: read again.
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
  const sources = [...metadata.sources, ...added].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  await store.write({ ...metadata, sources }, resourceVersion);
}

function listen(server: ReturnType<typeof apiServer>, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) =>
      reject(
        errorCode(error) === "EADDRINUSE"
          ? new Failure("usage", "port-in-use", `Port ${port} is in use by another program.`, {
              hints: [textHint("Omit the port to use any free one.")],
              cause: error,
            })
          : error,
      ),
    );
    server.listen(port, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}

/** Current requests may finish; idle keep-alive connections are closed, because the server would wait for their clients. */
async function stop(server: ReturnType<typeof apiServer>): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), 2_000).unref();
  });
}

function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => (running ??= work());
}
