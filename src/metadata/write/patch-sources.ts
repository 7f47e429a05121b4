import { posix } from "node:path";
import type { ParsedNode } from "yaml";
import { canonicalText } from "../diff/canonical-text.ts";
import { isJsonList, isJsonMap, type Json, type JsonList } from "../document/json.ts";
import { documentLists, type ObjectList } from "../document/object-lists.ts";
import { includesIn, includeTarget } from "../yaml/includes.ts";
import { parseYaml } from "../yaml/parse-yaml.ts";
import { SourceText } from "../document/source-text.ts";
import type { FileNames } from "./file-names.ts";
import { patchYaml, type Change, type Includes, type ListsBelow } from "./patch-yaml.ts";
import {
  writeEntries,
  writeObjects,
  writeSource,
  type DatabasesDirectory,
  type NewFiles,
  type ObjectsKey,
  type WrittenValue,
} from "./source-files.ts";
import { yamlFile } from "./yaml-text.ts";

/** The files about databases, and the value of `sources` that they have and should have. */
export interface SourceFiles {
  /** From the project's root. */
  readonly directory: string;
  /** Every file that is read, by its path from the project's root. */
  readonly texts: NewFiles;
  readonly before: JsonList;
  readonly after: JsonList;
}

/** The files that change, with their new texts. Undefined if databases.yaml does not exist or cannot be changed. */
export function patchSources(files: SourceFiles, names: () => FileNames): NewFiles | undefined {
  const shared = sharedFiles(files.texts);
  const wanted = new Map<string, Json[]>();
  // What the places of a shared file need is known only when all have been seen.
  new SourcesPatch(files, names(), { shared, wanted, decided: undefined }).run();
  const patch = new SourcesPatch(files, names(), { shared, wanted: new Map(), decided: wanted });
  return patch.run();
}

/** How many includes each file has that more than one include stands for. */
function sharedFiles(texts: NewFiles): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const [path, text] of texts)
    if (text.includes("!include"))
      for (const include of includesIn(parseYaml(new SourceText(path, text)).contents)) {
        const target = includeTarget(path, include.path);
        counts.set(target, (counts.get(target) ?? 0) + 1);
      }
  return new Map([...counts].filter(([, count]) => count > 1));
}

interface Sharing {
  readonly shared: ReadonlyMap<string, number>;
  /** Receives the other values that places of a shared file need. */
  readonly wanted: Map<string, Json[]>;
  /** The values that all places need; undefined while they are collected. */
  readonly decided: ReadonlyMap<string, readonly Json[]> | undefined;
}

const sourceList = documentLists["sources"];

class SourcesPatch {
  readonly #files: SourceFiles;
  readonly #directory: DatabasesDirectory;
  readonly #sharing: Sharing;
  readonly #changed = new Map<string, string>();

  constructor(files: SourceFiles, names: FileNames, sharing: Sharing) {
    this.#files = files;
    this.#directory = { path: `${files.directory}/databases`, names };
    this.#sharing = sharing;
  }

  run(): NewFiles | undefined {
    const path = `${this.#directory.path}/databases.yaml`;
    const { before, after, texts } = this.#files;
    const text = texts.get(path);
    if (text === undefined) return undefined;
    const below = sourceList === undefined ? {} : { list: sourceList };
    const changed = patchYaml(text, { before, after }, below, this.#includesOf(path));
    if (changed === undefined) return undefined;
    this.#changed.set(path, changed);
    return this.#changed;
  }

  #includesOf(path: string): Includes {
    return {
      includeAt: (node, value) =>
        includesIn(node).find(
          // The text itself is the value where an include has no effect.
          (include) => include.node === node && include.node.value !== value,
        ),
      change: (include, change, below) =>
        this.#change(includeTarget(path, include.path), change, below),
      newItems: (items, below, siblings) => this.#newItems(items, below, { path, siblings }),
    };
  }

  /** Changes an included file; returns the value for the place of the include where the file stays as it is. */
  #change(path: string, change: Change, below: ListsBelow): Json | undefined {
    const text = this.#files.texts.get(path);
    if (text === undefined || !path.startsWith(`${this.#files.directory}/`)) return change.after;
    const { shared, wanted, decided } = this.#sharing;
    const places = shared.get(path);
    if (places !== undefined) {
      wanted.set(path, [...(wanted.get(path) ?? []), change.after]);
      const all = decided?.get(path) ?? [];
      const isForAll = all.length === places && new Set(all.map(canonicalText)).size === 1;
      if (!isForAll) return change.after;
    }
    const includes = this.#includesOf(path);
    const changed = patchYaml(text, change, below, includes);
    const { after } = change;
    const whole = isJsonList(after) ? includes.newItems(after, below, []) : after;
    this.#changed.set(path, changed ?? yamlFile(whole));
    return undefined;
  }

  #newItems(
    items: JsonList,
    { list, owner }: ListsBelow,
    place: { readonly path: string; readonly siblings: readonly (ParsedNode | null)[] },
  ): Json {
    if (list?.kind === "source") return items.map((source) => this.#newSource(source));
    const key = objectsKey(list);
    if (key === undefined || items.length === 0) return items;
    const { path, siblings } = place;
    const neighbour = siblings.flatMap(includesIn).at(-1);
    const { names } = this.#directory;
    if (neighbour !== undefined) {
      const directory = posix.dirname(includeTarget(path, neighbour.path));
      return this.#written(writeEntries(items, key, { index: path, directory, names }));
    }
    if (siblings.length > 0 || owner === undefined) return items;
    return path === `${this.#directory.path}/databases.yaml`
      ? this.#written(writeObjects(owner, key, this.#directory))
      : this.#written(writeEntries(items, key, { index: path, names }));
  }

  #newSource(source: Json): Json {
    return isJsonMap(source) ? this.#written(writeSource(source, this.#directory)) : source;
  }

  #written(written: WrittenValue | undefined): Json {
    for (const [path, text] of written?.files ?? []) this.#changed.set(path, text);
    return written?.value ?? [];
  }
}

function objectsKey(list: ObjectList | undefined): ObjectsKey | undefined {
  if (list?.kind === "table") return "tables";
  return list?.kind === "function" ? "functions" : undefined;
}
