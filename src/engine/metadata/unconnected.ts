import type { JsonMap } from "../../metadata/document/json.ts";
import type { Metadata } from "../hasura/client.ts";
import type { ResolvedDatabase } from "../plan/resolve-databases.ts";
import type { DatabaseState } from "../session.ts";
import { catalogCapabilities } from "../store/catalog/catalog-store.ts";
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

/** A database that is not connected yet, with every migration pending. Only for planning. */
export function unconnectedState({ database, migrations }: ResolvedDatabase): DatabaseState {
  const known = { database, migrations, store: nothingRecorded, recorded: new Map() };
  return { ...known, isUnconnected: true };
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
