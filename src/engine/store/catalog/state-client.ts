import { isDeepStrictEqual } from "node:util";
import { Failure } from "../../../protocol/failure.ts";
import {
  generationIn,
  isDisabled,
  readCatalogState,
  versionsIn,
  withChanges,
  withCopied,
  type CatalogDocument,
} from "./state-document.ts";
import type { CatalogState, Hasura } from "../../hasura/client.ts";
import { readTable } from "./legacy-table.ts";
import { mergeGenerations } from "./merge-generations.ts";
import type { StateChange, StoredVersions, VersionStore } from "./version-store.ts";

/** How often a write is repeated because somebody else wrote in between. */
const mostExchanges = 8;

export interface CatalogVersionStoreOptions {
  /** The answer to `get_catalog_state` that the run has begun with. */
  readonly state: CatalogState;
  /**
   * Databases whose old table is copied once when `isStateCopyCompleted` is not set
   * (docs/internals/hasura-protocol.md, "The one-time copy of old state"), and whether
   * they are all there are: only then may the flag be set, or the others would lose their history.
   */
  readonly copy: { readonly databases: readonly string[]; readonly complete: boolean };
}

/**
 * Versions in Hasura's catalog state. One document holds all databases and every tool writes it whole, the last one wins: so a
 * write answers what stood there before, and what others have written since our last look is put back.
 */
export function catalogVersionStore(
  hasura: Hasura,
  options: CatalogVersionStoreOptions,
): VersionStore {
  let seen = readCatalogState(options.state.cliState);
  const mine = new Map<string, StateChange>();
  const copied = lazily(() => copies(hasura, seen.copyCompleted ? [] : options.copy.databases));

  const complete = async (document: CatalogDocument): Promise<CatalogDocument> => {
    let whole = document;
    for (const [database, versions] of await copied())
      whole = withCopied(whole, database, versions);
    return whole;
  };
  // Also what was written earlier in this run: a tool that read before us and wrote after us has dropped it.
  const merge = mergeGenerations(seen);
  const next = (document: CatalogDocument): CatalogDocument =>
    withChanges(document, merge.changesFor(document, seen, mine.values()), options.copy.complete);

  return {
    read: async (database) => versionsIn(await complete(seen), database),
    disabled: () => isDisabled(seen),
    generation: (database) => generationIn(seen, database),
    refresh: async (database) => {
      seen = readCatalogState((await hasura.catalogState()).cliState);
      for (const [key, change] of mine) if (change.database === database) mine.delete(key);
      merge.readAnew(seen, database);
    },
    write: async (changes) => {
      for (const change of changes)
        mine.set(
          `${"version" in change ? change.version : "generation"} ${change.database}`,
          change,
        );
      let wanted = next(await complete(seen));
      for (let round = 0; round < mostExchanges; round += 1) {
        const before = readCatalogState((await hasura.exchangeCatalogState(wanted.json)).cliState);
        const undisturbed = isDeepStrictEqual(before.json, seen.json);
        const merged = next(before);
        seen = wanted;
        if (undisturbed) return;
        wanted = merged;
        if (isDeepStrictEqual(wanted.json, seen.json)) return;
      }
      throw new Failure(
        "busy",
        "catalog-contended",
        "Another tool keeps writing Hasura's migration state at the same time.",
        {
          hints: ["let the other tool end, then run again"],
        },
      );
    },
  };
}

async function copies(
  hasura: Hasura,
  databases: readonly string[],
): Promise<Map<string, StoredVersions>> {
  const found = new Map<string, StoredVersions>();
  for (const database of databases) {
    const versions = await readTable(hasura, database);
    if (versions) found.set(database, versions);
  }
  return found;
}

/** Makes it once; what could not be made is tried again when it is asked for again. */
function lazily<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}
