import type { Books, Database } from "../engine/books.ts";
import { operations, type Operation } from "../protocol/request.ts";
import { catalogBooks, type BooksContext } from "../engine/catalog-books.ts";

/** What the function says of its books in `run.started`. */
export const booksKind = "catalog";

/** What these books can serve, said in `run.started`: runs in progress and past ones are known to the ledger alone. */
export const served: readonly Operation[] = operations.filter((operation) => operation !== "cancel" && operation !== "history");

/** The books of a database. The one place that chooses between kinds of books. */
export function booksFor(database: Database, context: BooksContext): Books {
  return catalogBooks(database, context);
}
