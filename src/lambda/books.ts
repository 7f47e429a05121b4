import type { Books, Database } from "../engine/books.ts";
import { catalogBooks, type BooksContext } from "../engine/catalog-books.ts";

/** What the function says of its books in `run.started`. */
export const booksKind = "catalog";

/** The books of a database. The one place that chooses between kinds of books. */
export function booksFor(database: Database, context: BooksContext): Books {
  return catalogBooks(database, context);
}
