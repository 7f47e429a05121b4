import type { JsonMap } from "../../metadata/document/json.ts";
import type { EngineContext } from "../context.ts";
import type { Metadata } from "../hasura/client.ts";
import type { ResolvedDatabase } from "../plan/resolve-databases.ts";
import type { DatabaseState } from "../session.ts";
import { catalogCapabilities, recordedVersions } from "../store/catalog/catalog-store.ts";
import { readCatalogState, versionsIn } from "../store/catalog/state-document.ts";
import type { MigrationStore } from "../store/store.ts";
import { sourcesNamed } from "./intermediate.ts";

/** The databases of the server, and after them the missing ones that a deployment will connect. */
export function sourcesAfterwards(
  server: JsonMap,
  wanted: JsonMap,
  missing: readonly string[],
): Metadata {
  const added = sourcesNamed(wanted).filter(({ name }) => missing.includes(name));
  return { version: 3, sources: [...sourcesNamed(server), ...added] };
}

/**
 * Databases that are not connected yet, only for planning: what Hasura's catalog state records of them is applied, and every other migration
 * is pending.
 */
export async function unconnectedStates(
  databases: readonly ResolvedDatabase[],
  { hasura }: EngineContext,
): Promise<readonly DatabaseState[]> {
  if (databases.length === 0) return [];
  const catalog = readCatalogState((await hasura.catalogState()).cliState);
  return databases.map(({ database, migrations }): DatabaseState => {
    const recorded = recordedVersions(versionsIn(catalog, database.name));
    return { database, migrations, store: nothingRecorded, recorded, isUnconnected: true };
  });
}

const notConnected = (): Promise<never> =>
  Promise.reject(new Error("the database is not connected"));

/** The store of a database that is not connected yet. */
const nothingRecorded: MigrationStore = {
  kind: "catalog",
  ...catalogCapabilities,
  read: () => Promise.resolve(new Map()),
  run: notConnected,
  mark: notConnected,
  seeds: {
    isRecorded: false,
    read: () => Promise.resolve(new Map()),
    run: notConnected,
    confirm: () => Promise.resolve([]),
  },
  settle: () => Promise.resolve(),
};
