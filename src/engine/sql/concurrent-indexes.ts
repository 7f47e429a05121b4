import type { Statement } from "./statements.ts";
import { Words, type RelationPath } from "./words.ts";

/** What a statement does to an index in several transactions: one that fails can leave an index that is not valid. */
export type ConcurrentIndex =
  /** `name` is absent where PostgreSQL chooses it. The index is in the schema of its table. */
  | {
      readonly how: "create";
      readonly table: RelationPath;
      readonly name?: string;
      readonly ifNotExists: boolean;
    }
  | { readonly how: "drop"; readonly index: RelationPath }
  | { readonly how: "reindex"; readonly of: "index" | "table"; readonly path: RelationPath }
  | { readonly how: "reindex"; readonly of: "schema"; readonly name: string }
  | { readonly how: "reindex"; readonly of: "database" };

/**
 * The index that `CREATE INDEX CONCURRENTLY`, `DROP INDEX CONCURRENTLY` or `REINDEX … CONCURRENTLY` works on; undefined for other
 * statements.
 */
export function concurrentIndex({ tokens }: Statement): ConcurrentIndex | undefined {
  const words = new Words(tokens);
  if (words.skip("CREATE")) return created(words);
  if (words.skip("DROP", "INDEX", "CONCURRENTLY")) {
    words.skip("IF", "EXISTS");
    const index = words.path();
    return index && { how: "drop", index };
  }
  return words.skip("REINDEX") ? reindexed(words) : undefined;
}

function created(words: Words): ConcurrentIndex | undefined {
  words.skip("UNIQUE");
  if (!words.skip("INDEX", "CONCURRENTLY")) return undefined;
  const ifNotExists = words.skip("IF", "NOT", "EXISTS");
  const name = words.skip("ON") ? undefined : words.identifier();
  if (name !== undefined && !words.skip("ON")) return undefined;
  words.skip("ONLY");
  const table = words.path();
  return table && { how: "create", table, ifNotExists, ...(name !== undefined && { name }) };
}

const kinds = ["INDEX", "TABLE", "SCHEMA", "DATABASE", "SYSTEM"] as const;

function reindexed(words: Words): ConcurrentIndex | undefined {
  const asOption = words.bracketed().some(({ text }) => text.toUpperCase() === "CONCURRENTLY");
  const kind = kinds.find((keyword) => words.skip(keyword));
  if (kind === undefined || !(words.skip("CONCURRENTLY") || asOption)) return undefined;
  if (kind === "DATABASE" || kind === "SYSTEM") return { how: "reindex", of: "database" };
  const path = words.path();
  if (!path) return undefined;
  if (kind === "SCHEMA") return { how: "reindex", of: "schema", name: path.name };
  return { how: "reindex", of: kind === "INDEX" ? "index" : "table", path };
}
