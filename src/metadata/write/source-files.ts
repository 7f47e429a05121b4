import { posix } from "node:path";
import { isJsonList, isJsonMap, type Json, type JsonList, type JsonMap } from "../document/json.ts";
import { objectFileName, usableName, type FileNames } from "./file-names.ts";
import { yamlFile } from "./yaml-text.ts";

/** Paths and texts of new files. */
export type NewFiles = ReadonlyMap<string, string>;

/** A value that stands for what was written to files. */
export interface WrittenValue {
  readonly value: Json;
  readonly files: NewFiles;
}

/** The keys of a source, in the order in which the Hasura CLI writes them; others come before the last two. */
const first = [
  ...["name", "kind", "configuration", "query_tags", "customization", "health_check"],
  ...["logical_models", "native_queries", "stored_procedures"],
];
const last = ["tables", "functions"] as const;
/** The lists of a source whose entries have files of their own. */
export type ObjectsKey = (typeof last)[number];

/** Where the files about databases are, and which exist. */
export interface DatabasesDirectory {
  /** From the project's root. */
  readonly path: string;
  readonly names: FileNames;
}

/** The value of databases.yaml, with the files of the tables and functions. */
export function writeSources(sources: JsonList, directory: DatabasesDirectory): WrittenValue {
  const written = sources.map((source) =>
    isJsonMap(source) ? writeSource(source, directory) : { value: source, files: new Map() },
  );
  return {
    value: written.map(({ value }) => value),
    files: new Map(written.flatMap(({ files }) => [...files])),
  };
}

/** One source as it is written in databases.yaml. */
export function writeSource(source: JsonMap, directory: DatabasesDirectory): WrittenValue {
  const parts = last.map((key) => [key, writeObjects(source, key, directory)] as const);
  const written = parts.flatMap(([key, part]) => (part ? [[key, part.value] as const] : []));
  const whole: JsonMap = {
    ...{ name: "", kind: "", configuration: null, ...source },
    ...Object.fromEntries(written),
  };
  const ends: readonly string[] = last;
  const others = Object.keys(whole).filter((key) => !first.includes(key) && !ends.includes(key));
  const keys = [...first, ...others, ...last].filter((key) => whole[key] !== undefined);
  return {
    value: Object.fromEntries(keys.map((key) => [key, whole[key] ?? null])),
    files: new Map(parts.flatMap(([, part]) => [...(part?.files ?? [])])),
  };
}

/** The tables or functions of a source, each in a file of its own. Undefined where the list itself is written. */
export function writeObjects(
  source: JsonMap,
  key: ObjectsKey,
  { path, names }: DatabasesDirectory,
): WrittenValue | undefined {
  const list = source[key];
  if (!isJsonList(list) || (key === "functions" && list.length === 0)) return undefined;
  const name = typeof source["name"] === "string" ? source["name"] : "";
  const index = names.add(`${path}/${usableName(name)}/${key}`, key);
  const entries = writeEntries(list, key, { index, names });
  return {
    value: includeText(`${path}/databases.yaml`, index),
    files: new Map([[index, yamlFile(entries.value)], ...entries.files]),
  };
}

/** Entries of tables or functions, each in a file of its own beside the one that lists them. */
export function writeEntries(
  entries: JsonList,
  key: ObjectsKey,
  { index, names, directory = posix.dirname(index) }: EntriesDirectory,
): WrittenValue {
  const files = entries.map((entry): [string, string] => {
    const wanted = objectFileName(nameOf(entry, key));
    return [names.add(directory, wanted), yamlFile(entry)];
  });
  return {
    value: files.map(([path]) => includeText(index, path)),
    files: new Map(files),
  };
}

interface EntriesDirectory {
  /** The file that lists the entries. */
  readonly index: string;
  /** That of the entries, if it is another one. */
  readonly directory?: string;
  readonly names: FileNames;
}

function nameOf(entry: Json, key: ObjectsKey): Json | undefined {
  return isJsonMap(entry) ? entry[key === "tables" ? "table" : "function"] : undefined;
}

/** The text in one file that stands for another. */
function includeText(from: string, to: string): string {
  return `!include ${posix.relative(posix.dirname(from), to)}`;
}
