import { generationIn, type CatalogDocument } from "./state-document.ts";
import type { StateChange } from "./version-store.ts";

/** The changes of a run as they may be merged into a document that others write as well. */
export interface GenerationMerge {
  /** `expected` is what the run believes to stand there. */
  changesFor(
    document: CatalogDocument,
    expected: CatalogDocument,
    mine: Iterable<StateChange>,
  ): StateChange[];
  /** The document was read anew, and what it says of this database is understood. */
  readAnew(document: CatalogDocument, database: string): void;
}

/**
 * Keeps the generation in the catalog state honest, which says how far the ledger had come when the versions beside it were true.
 * A document whose generation is above ours comes from a run that knew more than we: our changes of that database are in it already,
 * or no longer true. One that is behind what we had read or written comes from somebody who did not know it: our changes are put
 * back, but what else it brought back nobody can tell, so the generation stays as low until the next look at both.
 */
export function mergeGenerations(first: CatalogDocument): GenerationMerge {
  const asRead = new Map<string, CatalogDocument>();
  const ceilings = new Map<string, bigint | undefined>();
  const ruled = (
    document: CatalogDocument,
    expected: CatalogDocument,
    database: string,
    told: bigint,
  ): "leave" | { to: bigint | undefined } => {
    const there = generationIn(document, database);
    const read = generationIn(asRead.get(database) ?? first, database) ?? -1n;
    if (there !== undefined && there > told && there > read) return "leave";
    if ((there ?? -1n) < (generationIn(expected, database) ?? -1n)) ceilings.set(database, there);
    return { to: ceilings.has(database) ? ceilings.get(database) : told };
  };
  return {
    changesFor: (document, expected, mine) => {
      const changes = [...mine];
      const rules = new Map(
        changes.flatMap((change) =>
          "generation" in change
            ? [
                [
                  change.database,
                  ruled(document, expected, change.database, BigInt(change.generation)),
                ] as const,
              ]
            : [],
        ),
      );
      return changes.flatMap((change): StateChange[] => {
        const rule = rules.get(change.database);
        if (rule === undefined) return [change];
        if (rule === "leave") return [];
        if (!("generation" in change)) return [change];
        return rule.to === undefined ? [] : [{ ...change, generation: String(rule.to) }];
      });
    },
    readAnew: (document, database) => {
      asRead.set(database, document);
      ceilings.delete(database);
    },
  };
}
