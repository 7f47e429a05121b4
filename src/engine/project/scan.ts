import { join } from "node:path";
import { Failure } from "../../protocol/failure.ts";
import { textHint } from "../../protocol/hint.ts";
import { compareVersions, type Direction, type Version } from "../../protocol/migration.ts";
import type { Entry, FileSystem } from "./file-system.ts";
import { checksumOfBytes, parseBody, type MigrationBody } from "./migration-file.ts";
import { parseMigrationName, type MigrationName } from "./file-name.ts";
import type { ConfigVersion } from "./config.ts";

/** One file of a migration. */
export interface MigrationFile {
  /** Relative to the project's root, with forward slashes. */
  readonly path: string;
  /** False for a metadata migration of config version 1 (`.yaml`), which is neither run nor recorded (docs/internals/hasura-protocol.md, "File names"). */
  readonly runnable: boolean;
  /**
   * Reads the file, again at each call. Throws `usage/unreadable-file`, `usage/not-utf8`, `usage/nul-character` or
   * `usage/bad-directive`.
   */
  body(): Promise<MigrationBody>;
  /** The checksum of its text, also of a file that cannot be run. Throws `usage/unreadable-file`. */
  checksum(): Promise<string>;
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
}

interface Found extends MigrationName {
  readonly file: MigrationFile;
}

/**
 * Every migration of one directory, in version order
 * (docs/internals/hasura-protocol.md, "Migration files").
 * Throws `usage/duplicate-version`, `usage/version-too-large`, `usage/broken-link` and `usage/unreadable-directory`.
 */
export function scanMigrations(place: MigrationsPlace, fs: FileSystem): Migration[] {
  const found = new Map<Version, { up?: Found; down?: Found }>();
  for (const entry of listOf(place.directory, place.label, fs)) {
    for (const file of filesOf(entry, place, fs)) keep(found, file);
  }
  return [...found]
    .sort(([a], [b]) => compareVersions(a, b))
    .map(([version, { up, down }]) => ({
      version,
      name: up?.name ?? down?.name ?? "",
      ...(up && { up: up.file }),
      ...(down && { down: down.file }),
    }));
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

function* filesOf(entry: Entry, place: MigrationsPlace, fs: FileSystem): Generator<Found> {
  const path = join(place.directory, entry.name);
  const label = `${place.label}/${entry.name}`;
  const kind = kindOf(entry, path, label, fs);
  if (kind === "file") {
    const found = fileOf(entry.name, path, label, place.configVersion, fs);
    if (found) yield found;
  }
  if (kind !== "directory" || !/^[0-9]+_/.test(entry.name)) return;
  for (const inner of listOf(path, label, fs)) {
    if (kindOf(inner, join(path, inner.name), `${label}/${inner.name}`, fs) !== "file") continue;
    const found = fileOf(
      `${entry.name}.${inner.name}`,
      join(path, inner.name),
      `${label}/${inner.name}`,
      place.configVersion,
      fs,
    );
    if (found) yield found;
  }
}

function fileOf(
  composed: string,
  path: string,
  label: string,
  configVersion: ConfigVersion,
  fs: FileSystem,
): Found | undefined {
  const name = parseMigrationName(composed, configVersion);
  if (name === "ignored") return undefined;
  if (name === "version-too-large") throw tooLarge(label);
  // A file of 0 bytes counts as absent (docs/internals/hasura-protocol.md, "Empty, duplicate and
  // missing files"); read only for files whose name matters.
  if (sizeOf(path, label, fs) === 0) return undefined;
  return {
    ...name,
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

async function bytesOf(path: string, label: string, fs: FileSystem): Promise<Uint8Array> {
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
