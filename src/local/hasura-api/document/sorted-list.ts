import type { Json, JsonMap } from "../../../metadata/document/json.ts";
import { parseFailed } from "../hasura-error.ts";
import { compareTexts, list, type Reader } from "./read-value.ts";

/** What a list of objects is sorted by in an export; unique in the list. */
export type Identity = (entry: JsonMap) => string;

export const byKey =
  (key: string): Identity =>
  (entry) => {
    const value = entry[key];
    return typeof value === "string" ? value : JSON.stringify(value ?? null);
  };

/**
 * A list of objects in the order of an export. Two with the same identity are an error, which calls them `things`.
 * @throws HasuraError parse-failed
 */
export function distinct(
  things: string,
  read: Reader<JsonMap>,
  identity: Identity,
): Reader<readonly JsonMap[]> {
  const readList = list(read);
  return (value, path) => {
    const entries = readList(value, path);
    const repeated = duplicates(entries.map(identity));
    if (repeated.length > 0)
      throw parseFailed(
        `multiple declarations exist for the following ${things}: ${repeated.join(", ")}`,
        parentOf(path),
      );
    return sorted(entries, identity);
  };
}

/** A list of objects in the order of an export. Of two with one identity, the later one counts. */
export function lastOfEach<Entry extends JsonMap>(
  read: Reader<Entry>,
  identity: (entry: Entry) => string,
): Reader<readonly Entry[]> {
  const readList = list(read);
  return (value, path) => {
    const found = new Map(readList(value, path).map((entry) => [identity(entry), entry]));
    return sorted([...found.values()], identity);
  };
}

function sorted<Entry extends Json>(
  entries: readonly Entry[],
  identity: (entry: Entry) => string,
): readonly Entry[] {
  return entries.toSorted((a, b) => compareTexts(identity(a), identity(b)));
}

function duplicates(names: readonly string[]): string[] {
  return [...new Set(names.filter((name, i) => names.indexOf(name) !== i))].toSorted(compareTexts);
}

/** The server reports the repetition at the object that has the list. */
const parentOf = (path: string): string => path.slice(0, path.lastIndexOf("."));
