import { isAbsolute, relative, sep } from "node:path";
import { Failure } from "../../protocol/failure.ts";
import { textHint } from "../../protocol/hint.ts";
import { compareVersions, type Direction, type Version } from "../../protocol/migration.ts";
import type { Entry, FileSystem } from "./file-system.ts";
import { checksumOfBytes, parseBody, type MigrationBody } from "./migration-file.ts";
import {
  looksLikeMigration,
  parseMigrationName,
  resembledDirection,
  resemblesMigration,
  type MigrationName,
} from "./file-name.ts";
import type { ConfigVersion } from "./config.ts";

/** One file of a migration. */
export interface MigrationFile {
  /** Relative to the project's root, with forward slashes. */
  readonly path: string;
  /**
   * False for a metadata migration of config version 1 (`.yaml`), which is neither run nor recorded
   * (docs/internals/hasura-protocol.md, "File names").
   */
  readonly runnable: boolean;
  /** True for an uploaded file that differs from the image's file. */
  readonly differsFromImage?: true;
  /**
   * Reads the file, again at each call. Throws `usage/unreadable-file`, `usage/not-utf8`, `usage/nul-character` or
   * `usage/bad-directive`, and `busy/upload-outdated` for a file whose text was not uploaded.
   */
  body(): Promise<MigrationBody>;
  /**
   * The checksum of its text, even if the file cannot be run; for a file whose text was not uploaded, its first 32 characters.
   * Throws `usage/unreadable-file`.
   */
  checksum(): Promise<string>;
  /** The same checksum, if it is known and the file cannot change. */
  readonly sealedChecksum?: string;
}

/** One version with its files, at least one of the two. */
export interface Migration {
  readonly version: Version;
  readonly name: string;
  readonly up?: MigrationFile;
  readonly down?: MigrationFile;
}

/** A directory of migrations; `label` is its name in messages and paths. */
export interface MigrationsPlace {
  readonly directory: string;
  readonly label: string;
  readonly configVersion: ConfigVersion;
  /** Real paths that links may lead into: the project and its migrations directory. */
  readonly boundaries: readonly string[];
}

/** What a directory of migrations contains. */
export interface ScannedPlace {
  /** In version order. */
  readonly migrations: readonly Migration[];
  /** Names of migrations whose up file has 0 bytes. */
  readonly empty: readonly string[];
  /** Labels of entries that resemble migrations, and are not named like ones. */
  readonly ignored: readonly string[];
}

interface Found extends MigrationName {
  readonly isEmpty: boolean;
  readonly file: MigrationFile;
}

/**
 * Every migration of one directory (docs/internals/hasura-protocol.md, "Migration files").
 * Throws `usage/duplicate-version`, `usage/version-too-large`, `usage/broken-link`, `usage/link-outside-project` and
 * `usage/unreadable-directory`.
 */
export function scanMigrations(place: MigrationsPlace, fs: FileSystem): ScannedPlace {
  const found = new Map<Version, { up?: Found; down?: Found }>();
  const empty: string[] = [];
  const ignored: string[] = [];
  for (const entry of listOf(place.directory, place.label, fs)) {
    const scanned = scanEntry(entry, place, fs);
    for (const file of scanned.files) keep(found, file);
    empty.push(...scanned.empty);
    ignored.push(...scanned.ignored);
  }
  const migrations = [...found]
    .sort(([a], [b]) => compareVersions(a, b))
    .map(([version, { up, down }]) => ({
      version,
      name: up?.name ?? down?.name ?? "",
      ...(up && { up: up.file }),
      ...(down && { down: down.file }),
    }));
  return { migrations, empty, ignored };
}

/** The path of an entry of a directory, as from `join`, which normalises and is slow when it is called thousands of times. */
export function entryPath(directory: string, name: string): string {
  return directory.endsWith(sep) ? directory + name : directory + sep + name;
}

/** A directory's entries by name. Throws `usage/unreadable-directory`. */
export function listOf(directory: string, label: string, fs: FileSystem): readonly Entry[] {
  try {
    // Sorted, so that a duplicate is reported the same way on every file system.
    return [...fs.list(directory)].sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (cause) {
    throw new Failure("usage", "unreadable-directory", `The directory ${label} cannot be read.`, {
      cause,
    });
  }
}

/** What an entry refers to. Throws `usage/broken-link` for a link without a target. */
export function kindOf(
  entry: Entry,
  path: string,
  label: string,
  fs: FileSystem,
): "file" | "directory" | "other" {
  if (entry.kind !== "link") return entry.kind;
  try {
    return fs.stat(path).kind;
  } catch (cause) {
    throw new Failure("usage", "broken-link", `The symbolic link ${label} is broken.`, {
      cause,
      hints: [textHint("Remove the link or restore its target.")],
    });
  }
}

/** Throws `usage/link-outside-project` for a link that leads out of the project: a checkout must not read this machine's files. */
export function refuseOutside(
  entry: Entry,
  path: string,
  { label, boundaries }: Pick<MigrationsPlace, "label" | "boundaries">,
  fs: FileSystem,
): void {
  if (entry.kind !== "link") return;
  const real = fs.realPath(path);
  if (boundaries.some((boundary) => isInside(real, boundary))) return;
  throw new Failure(
    "usage",
    "link-outside-project",
    `The symbolic link ${label} points outside the project.`,
    { hints: [textHint("Replace the link with the file or directory itself.")] },
  );
}

/** True for a path that is the directory or below it. Both are absolute. */
export function isInside(path: string, directory: string): boolean {
  const inside = relative(directory, path);
  return inside !== ".." && !inside.startsWith(`..${sep}`) && !isAbsolute(inside);
}

interface ScannedEntry {
  readonly files: readonly Found[];
  readonly empty: readonly string[];
  readonly ignored: readonly string[];
}

const nothing: ScannedEntry = { files: [], empty: [], ignored: [] };

function scanEntry(entry: Entry, place: MigrationsPlace, fs: FileSystem): ScannedEntry {
  const path = entryPath(place.directory, entry.name);
  const label = `${place.label}/${entry.name}`;
  const kind = kindOf(entry, path, label, fs);
  if (kind === "file") return scanFlatFile(entry, { ...place, directory: path, label }, fs);
  if (kind === "other") refuseInPlaceOfFile(entry.name, kind, { ...place, label });
  if (kind !== "directory") return nothing;
  if (looksLikeMigration(entry.name)) {
    refuseOutside(entry, path, { ...place, label }, fs);
    return scanDirectory(entry.name, { ...place, directory: path, label }, fs);
  }
  return hidden(entry.name) || !resemblesDirectory(entry, path, fs)
    ? nothing
    : { ...nothing, ignored: [label] };
}

function scanFlatFile(entry: Entry, file: MigrationsPlace, fs: FileSystem): ScannedEntry {
  const found = fileOf(entry.name, entry, file, fs);
  if (found === "ignored")
    return hidden(entry.name) || !resemblesMigration(entry.name)
      ? nothing
      : { ...nothing, ignored: [file.label] };
  if (!found.isEmpty) return { ...nothing, files: [found] };
  return found.direction === "up" ? { ...nothing, empty: [entry.name] } : nothing;
}

function scanDirectory(name: string, place: MigrationsPlace, fs: FileSystem): ScannedEntry {
  const files: Found[] = [];
  const others: string[] = [];
  let isEmpty = false;
  for (const inner of listOf(place.directory, place.label, fs)) {
    const directory = entryPath(place.directory, inner.name);
    const label = `${place.label}/${inner.name}`;
    const kind = kindOf(inner, directory, label, fs);
    if (kind !== "file") {
      refuseInPlaceOfFile(`${name}.${inner.name}`, kind, { ...place, label });
      continue;
    }
    const found = fileOf(`${name}.${inner.name}`, inner, { ...place, directory, label }, fs);
    if (found === "ignored") others.push(inner.name);
    else if (!found.isEmpty) files.push(found);
    else if (found.direction === "up") isEmpty = true;
  }
  const taken = new Set(files.map(({ direction }) => direction));
  // Next to the file in use, it is a backup.
  const ignored = others.filter((file) => {
    const direction = resembledDirection(file);
    return direction !== undefined && !taken.has(direction);
  });
  return {
    files,
    empty: isEmpty ? [name] : [],
    ignored: ignored.map((file) => `${place.label}/${file}`),
  };
}

/** Throws `usage/unreadable-file` where something else has the name of a migration's file: it would be ignored without a word. */
function refuseInPlaceOfFile(
  composed: string,
  kind: "directory" | "other",
  { label, configVersion }: Pick<MigrationsPlace, "label" | "configVersion">,
): void {
  if (parseMigrationName(composed, configVersion) === "ignored") return;
  const what = kind === "directory" ? "a directory" : "a pipe or a device";
  throw new Failure("usage", "unreadable-file", `${label} is ${what}, not a file.`, {
    hints: [textHint("Replace it with the migration's SQL file, or remove it.")],
  });
}

function hidden(name: string): boolean {
  return name.startsWith(".");
}

/** True for a directory that is probably meant as a migration: by its name, or because of the files in it. */
function resemblesDirectory(entry: Entry, path: string, fs: FileSystem): boolean {
  if (/^v?\d/i.test(entry.name)) return true;
  try {
    return fs
      .list(path)
      .some(({ name, kind }) => kind === "file" && resembledDirection(name) !== undefined);
  } catch {
    return false;
  }
}

/** `composed` is the whole name, with its directory's; `at` is the file itself. */
function fileOf(
  composed: string,
  entry: Entry,
  at: MigrationsPlace,
  fs: FileSystem,
): Found | "ignored" {
  const { directory: path, label } = at;
  const name = parseMigrationName(composed, at.configVersion);
  if (name === "ignored") return "ignored";
  if (name === "version-too-large") throw tooLarge(label);
  refuseOutside(entry, path, at, fs);
  return {
    ...name,
    // A file of 0 bytes counts as absent (docs/internals/hasura-protocol.md, "Empty, duplicate and
    // missing files"); read only for files whose name matters.
    isEmpty: sizeOf(path, label, fs) === 0,
    file: {
      path: label,
      runnable: name.extension === "sql",
      body: async () => parseBody(await bytesOf(path, label, fs), label),
      checksum: async () => checksumOfBytes(await bytesOf(path, label, fs)),
    },
  };
}

function keep(found: Map<Version, { up?: Found; down?: Found }>, file: Found): void {
  const both = found.get(file.version) ?? {};
  const before = both[file.direction];
  if (before) throw duplicate(file.version, file.direction, before.file.path, file.file.path);
  both[file.direction] = file;
  found.set(file.version, both);
}

function sizeOf(path: string, label: string, fs: FileSystem): number {
  try {
    return fs.stat(path).size;
  } catch (cause) {
    throw new Failure("usage", "unreadable-file", `${label} cannot be read.`, { cause });
  }
}

/** The bytes of a file. Throws `usage/unreadable-file`. */
export async function bytesOf(path: string, label: string, fs: FileSystem): Promise<Uint8Array> {
  return fs.read(path).catch((cause: unknown) => {
    throw new Failure("usage", "unreadable-file", `${label} cannot be read.`, { cause });
  });
}

function duplicate(version: Version, direction: Direction, first: string, second: string): Failure {
  return new Failure(
    "usage",
    "duplicate-version",
    `Two ${direction} files have the version ${version}: ${first} and ${second}.`,
    {
      hints: [textHint("Give one of them another version, or remove it.")],
    },
  );
}

function tooLarge(label: string): Failure {
  return new Failure(
    "usage",
    "version-too-large",
    `The version of ${label} is larger than 9223372036854775807, the largest that Hasura's tools accept.`,
    {
      hints: [
        textHint("Rename it: versions are Unix times in milliseconds, such as 1700000000000."),
      ],
    },
  );
}
