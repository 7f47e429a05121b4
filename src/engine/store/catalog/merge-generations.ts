import { generationIn, type CatalogDocument } from "./state-document.ts";
import type { StateChange } from "./version-store.ts";

/**
 * Decides which of a run's changes may be merged into a catalog document that others also write,
 * and which generation of the ledger may be written with them. A document with a newer generation
 * than ours comes from a run that knew more: our changes of that database are dropped. One that is
 * older than what this run has read or written comes from a writer that did not see it: our changes
 * are put back, but what else it brought back is unknown, so the generation is not raised until
 * both are read again.
 */
export class GenerationMerge {
  readonly #first: CatalogDocument;
  readonly #lastRead = new Map<string, CatalogDocument>();
  /** The highest generation that may be written for a database; undefined: none at all. */
  readonly #ceilings = new Map<string, bigint | undefined>();

  constructor(first: CatalogDocument) {
    this.#first = first;
  }

  /** `expected`: the document that this run believes to be stored. */
  changesFor(
    document: CatalogDocument,
    expected: CatalogDocument,
    changes: Iterable<StateChange>,
  ): StateChange[] {
    const all = [...changes];
    const rules = new Map(
      all.flatMap((change) =>
        "generation" in change
          ? [
              [
                change.database,
                this.#ruleFor(document, expected, change.database, BigInt(change.generation)),
              ] as const,
            ]
          : [],
      ),
    );
    return all.flatMap((change): StateChange[] => {
      const rule = rules.get(change.database);
      if (rule === undefined) return [change];
      if (rule === "drop") return [];
      if (!("generation" in change)) return [change];
      return rule.generation === undefined
        ? []
        : [{ ...change, generation: String(rule.generation) }];
    });
  }

  /** The document was read again, and reconciled with the ledger of this database. */
  readAgain(document: CatalogDocument, database: string): void {
    this.#lastRead.set(database, document);
    this.#ceilings.delete(database);
  }

  #ruleFor(
    document: CatalogDocument,
    expected: CatalogDocument,
    database: string,
    ours: bigint,
  ): "drop" | { readonly generation: bigint | undefined } {
    const stored = generationIn(document, database);
    const lastRead = generationIn(this.#lastRead.get(database) ?? this.#first, database) ?? -1n;
    if (stored !== undefined && stored > ours && stored > lastRead) return "drop";
    if ((stored ?? -1n) < (generationIn(expected, database) ?? -1n))
      this.#ceilings.set(database, stored);
    return { generation: this.#ceilings.has(database) ? this.#ceilings.get(database) : ours };
  }
}
