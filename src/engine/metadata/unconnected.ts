import type { JsonMap } from "../../metadata/document/json.ts";
import { kindOf } from "../plan/resolve-databases.ts";
import type { Project } from "../project/project.ts";
import type { DatabaseState } from "../session.ts";
import { catalogCapabilities } from "../store/catalog/catalog-store.ts";
import type { MigrationStore } from "../store/store.ts";
import { sourcesIn } from "./intermediate.ts";

/** The databases that a deployment will connect, with every migration pending. Only for previews. */
export function unconnectedStates(
  names: readonly string[],
  wanted: JsonMap,
  { databases }: Project,
): DatabaseState[] {
  const sources = sourcesIn(wanted);
  return names.flatMap((name) => {
    const written = sources.get(name)?.["kind"];
    const kind = kindOf({ name, kind: typeof written === "string" ? written : "postgres" });
    if (kind === undefined) return [];
    const migrations = databases.get(name) ?? [];
    return [{ database: { name, kind }, migrations, store: nothingRecorded, recorded: new Map() }];
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
  settle: () => Promise.resolve(),
};
