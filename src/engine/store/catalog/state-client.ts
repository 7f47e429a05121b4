import { isDeepStrictEqual } from "node:util";
import { Failure } from "../../../protocol/failure.ts";
import { retryHint } from "../../../protocol/hint.ts";
import type { CatalogState, Hasura } from "../../hasura/client.ts";
import { readTable } from "./legacy-table.ts";
import { GenerationMerge } from "./merge-generations.ts";
import {
  generationIn,
  isDisabled,
  readCatalogState,
  versionsIn,
  withChanges,
  withCopied,
  type CatalogDocument,
} from "./state-document.ts";
import type { StateChange, StoredVersions, VersionStore } from "./version-store.ts";

/** How often a write is repeated if another tool wrote in between. */
const maxExchanges = 8;

export interface CatalogVersionStoreOptions {
  /** The answer to `get_catalog_state` at the beginning of the run. */
  readonly state: CatalogState;
  /**
   * Databases whose old table is copied once when `isStateCopyCompleted` is not set
   * (docs/internals/hasura-protocol.md, "The one-time copy of old state"). `complete`: these are
   * all databases; only then may the flag be set, or the others would lose their history.
   */
  readonly copy: { readonly databases: readonly string[]; readonly complete: boolean };
}

/**
 * Versions in Hasura's catalog state. One document holds all databases, every tool writes it whole,
 * and the last write wins: so a write returns the document that it replaced, and what others have
 * written in between is put back.
 */
export function catalogVersionStore(
  hasura: Hasura,
  options: CatalogVersionStoreOptions,
): VersionStore {
  let expected = readCatalogState(options.state.cliState);
  // Everything written in this run: a tool that reads before a write and writes after it drops the
  // change.
  const written = new Map<string, StateChange>();
  const merge = new GenerationMerge(expected);
  const readCopies = once(() =>
    copyTables(hasura, expected.copyCompleted ? [] : options.copy.databases),
  );
  const withCopies = async (document: CatalogDocument): Promise<CatalogDocument> =>
    [...(await readCopies())].reduce(
      (whole, [database, versions]) => withCopied(whole, database, versions),
      document,
    );
  const withWritten = (document: CatalogDocument): CatalogDocument =>
    withChanges(
      document,
      merge.changesFor(document, expected, written.values()),
      options.copy.complete,
    );

  return {
    read: async (database) => versionsIn(await withCopies(expected), database),
    disabled: () => isDisabled(expected),
    generation: (database) => generationIn(expected, database),
    refresh: async (database) => {
      expected = readCatalogState((await hasura.catalogState()).cliState);
      for (const [key, change] of written) if (change.database === database) written.delete(key);
      merge.readAgain(expected, database);
    },
    write: async (changes) => {
      for (const change of changes) written.set(keyOf(change), change);
      let next = withWritten(await withCopies(expected));
      for (let exchange = 0; exchange < maxExchanges; exchange += 1) {
        const previous = readCatalogState((await hasura.exchangeCatalogState(next.json)).cliState);
        const isUndisturbed = isDeepStrictEqual(previous.json, expected.json);
        const merged = withWritten(previous);
        expected = next;
        if (isUndisturbed) return;
        next = merged;
        if (isDeepStrictEqual(next.json, expected.json)) return;
      }
      throw contended();
    },
  };
}

function keyOf(change: StateChange): string {
  return `${"version" in change ? change.version : "generation"} ${change.database}`;
}

function contended(): Failure {
  return new Failure(
    "busy",
    "catalog-contended",
    "Another tool keeps writing Hasura's migration state at the same time.",
    { hints: [retryHint({ reason: "wait until the other tool has finished, then run it again" })] },
  );
}

async function copyTables(
  hasura: Hasura,
  databases: readonly string[],
): Promise<Map<string, StoredVersions>> {
  const copies = new Map<string, StoredVersions>();
  for (const database of databases) {
    const versions = await readTable(hasura, database);
    if (versions) copies.set(database, versions);
  }
  return copies;
}

/** Calls `work` once; after a failure the next call tries again. */
function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => {
    result ??= work().catch((error: unknown) => {
      result = undefined;
      throw error;
    });
    return result;
  };
}
