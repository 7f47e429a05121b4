import type { Spot } from "../document/source-text.ts";
import { unreadable } from "../problem.ts";

/** The largest allowed document in characters, with all aliases and includes expanded. */
const mostCharacters = 100_000_000;

/** Counts the size of a document while it is read, because an alias or an include can stand for any amount of text. */
export class ExpandedSize {
  #characters = 0;

  get characters(): number {
    return this.#characters;
  }

  /** @throws MetadataFailure if the document is too large */
  add(characters: number, spot: Spot): void {
    this.#characters += characters;
    if (this.#characters > mostCharacters)
      throw unreadable(
        spot,
        `The metadata exceeds ${mostCharacters.toLocaleString("en")} characters at this point.`,
        "Aliases (*name) and includes count every time they are used.",
      );
  }
}
