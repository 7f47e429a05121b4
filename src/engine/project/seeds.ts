import { posix, relative, resolve } from "node:path";
import { Failure } from "../../protocol/failure.ts";
import { textHint } from "../../protocol/hint.ts";
import { shortenList } from "../../shorten-list.ts";
import { errorCode } from "../../system-error.ts";
import { readProjectConfig, type ConfigVersion } from "./config.ts";
import { realFileSystem, type Entry, type FileSystem } from "./file-system.ts";
import { parseBody, type MigrationBody } from "./migration-file.ts";
import { onlyDatabase, type Project, type ProjectNotice } from "./project.ts";
import {
  bytesOf,
  entryPath,
  isInside,
  kindOf,
  listOf,
  refuseOutside,
  type MigrationsPlace,
} from "./scan.ts";

/** One file with SQL that puts data into a database. */
export interface SeedFile {
  /** The database's name. */
  readonly database: string;
  /** Its path below the seeds directory of its database, with forward slashes: what the ledger records. */
  readonly name: string;
  /** Relative to the project's root, with forward slashes. */
  readonly path: string;
  /** SHA-256 of its text, if it is known without reading it, and cannot change. */
  readonly checksum?: string;
  /**
   * Reads the file, again at each call. Throws `usage/unreadable-file`, `usage/not-utf8`, `usage/nul-character` or
   * `usage/bad-directive`, and `busy/upload-outdated` for a file whose text was not uploaded.
   */
  body(): Promise<MigrationBody>;
}

/** A seed on disk. */
export interface SeedOnDisk extends SeedFile {
  /** Throws `usage/unreadable-file`. */
  bytes(): Promise<Uint8Array>;
}

/** The seeds of a project, in the order in which they are run. */
export interface ProjectSeeds<File extends SeedFile = SeedFile> {
  readonly configVersion: ConfigVersion;
  /** Relative to the project's root, with forward slashes. */
  readonly directory: string;
  /** Only of databases that have any. */
  readonly files: readonly File[];
  /** Oddities that do not stop a run, as notices for people. */
  readonly notices: readonly ProjectNotice[];
  /** True for the seeds of a client's directory. */
  readonly isUploaded?: true;
}

type SeedsPlace = Omit<MigrationsPlace, "configVersion">;

/** What a directory contains, and the ones below it. */
interface Found {
  readonly files: readonly SeedOnDisk[];
  /** Files whose name looks like that of a seed, and is not that of one. */
  readonly ignored: readonly string[];
}

/**
 * Finds the seeds of a project: in `seeds/<database>/`, or in `seeds/` up to config version 2, and in every directory below, in the
 * order of their names (docs/internals/hasura-protocol.md, "Seeds"). A project without that directory has none. File contents are
 * not read.
 *
 * Throws `usage` failures: `bad-project-config`, `unreadable-directory`, `broken-link`, `link-outside-project`, `unreadable-file`.
 */
export async function projectSeeds(
  { root, home = root, configVersion }: Pick<Project, "root" | "home" | "configVersion">,
  fs: FileSystem = realFileSystem,
): Promise<ProjectSeeds<SeedOnDisk>> {
  const config = await readProjectConfig(home, fs);
  const directory = resolve(home, config?.seedsDirectory ?? "seeds");
  const label = posix.normalize(relative(root, directory).replaceAll("\\", "/"));
  const about = { configVersion, directory: label };
  if (!exists(directory, fs)) return { ...about, files: [], notices: [] };
  const boundaries = [fs.realPath(root)];
  if (!isInside(directory, root)) boundaries.push(fs.realPath(directory));
  const place = { directory, label, boundaries };
  refuseOutside({ name: label, kind: "link" }, directory, place, fs);
  const found =
    configVersion === 3 ? perDatabase(place, fs) : seedsIn(onlyDatabase, "", place, [], fs);
  return { ...about, files: found.files, notices: noticesOf(found, place, configVersion, fs) };
}

function exists(directory: string, fs: FileSystem): boolean {
  try {
    return fs.stat(directory).kind === "directory";
  } catch (cause) {
    const code = errorCode(cause);
    if (code === "ENOENT" || code === "ENOTDIR") return false;
    throw new Failure(
      "usage",
      "unreadable-directory",
      `The directory ${directory} cannot be read.`,
      {
        cause,
      },
    );
  }
}

function perDatabase(place: SeedsPlace, fs: FileSystem): Found {
  return joined(
    listOf(place.directory, place.label, fs).map((entry) => {
      const inner = placeOf(entry, place);
      if (kindOf(entry, inner.directory, inner.label, fs) !== "directory") return nothing;
      refuseOutside(entry, inner.directory, inner, fs);
      return seedsIn(entry.name, "", inner, [], fs);
    }),
  );
}

function placeOf(entry: Entry, { directory, label, boundaries }: SeedsPlace): SeedsPlace {
  return {
    directory: entryPath(directory, entry.name),
    label: `${label}/${entry.name}`,
    boundaries,
  };
}

const nothing: Found = { files: [], ignored: [] };

function joined(parts: readonly Found[]): Found {
  return {
    files: parts.flatMap(({ files }) => files),
    ignored: parts.flatMap(({ ignored }) => ignored),
  };
}

/** `prefix` is the path so far, with a slash at its end; `above`: the real paths of the directories that contain this one. */
function seedsIn(
  database: string,
  prefix: string,
  place: SeedsPlace,
  above: readonly string[],
  fs: FileSystem,
): Found {
  const real = fs.realPath(place.directory);
  if (above.includes(real)) throw circular(place.label);
  return joined(
    listOf(place.directory, place.label, fs).map((entry) => {
      const inner = placeOf(entry, place);
      const name = prefix + entry.name;
      const kind = kindOf(entry, inner.directory, inner.label, fs);
      if (kind === "directory") {
        refuseOutside(entry, inner.directory, inner, fs);
        return seedsIn(database, `${name}/`, inner, [...above, real], fs);
      }
      if (!isSeedName(entry.name))
        return looksLikeSeed(entry.name) ? { files: [], ignored: [inner.label] } : nothing;
      if (kind === "other") throw notAFile(inner.label);
      refuseOutside(entry, inner.directory, inner, fs);
      return { files: [seedFile(database, name, inner, fs)], ignored: [] };
    }),
  );
}

function seedFile(
  database: string,
  name: string,
  { directory: path, label }: SeedsPlace,
  fs: FileSystem,
): SeedOnDisk {
  return {
    ...{ database, name, path: label },
    bytes: () => bytesOf(path, label, fs),
    body: async () => parseBody(await bytesOf(path, label, fs), label),
  };
}

/** True if a path that was typed means this seed: from the project's root, or below the seeds directory of its database. */
export function isMeant({ path, name }: Pick<SeedFile, "path" | "name">, typed: string): boolean {
  const normal = normalPath(typed);
  return name === normal || withoutParents(path) === withoutParents(normal);
}

/** The seeds directory may be outside the project; paths in an upload omit the leading `../`. */
export function withoutParents(path: string): string {
  return path.replace(/^(\.\.\/)+/, "");
}

/** A typed path with forward slashes, and without `./` at its beginning. */
export function normalPath(typed: string): string {
  return typed.replaceAll("\\", "/").replace(/^(\.\/+)+/, "");
}

/** True for the name of a file that is run. */
export function isSeedName(name: string): boolean {
  return name.endsWith(".sql") || name.endsWith(".SQL");
}

function looksLikeSeed(name: string): boolean {
  return /\.(sql|psql|pgsql)$/i.test(name);
}

function noticesOf(
  { ignored }: Found,
  place: SeedsPlace,
  configVersion: ConfigVersion,
  fs: FileSystem,
): ProjectNotice[] {
  const misplaced =
    configVersion === 3
      ? listOf(place.directory, place.label, fs).filter(
          ({ name, kind }) => kind !== "directory" && isSeedName(name),
        )
      : [];
  return [
    ...(misplaced.length > 0
      ? [
          {
            code: "misplaced-seeds",
            message: `Ignored: ${shortenList(misplaced.map(({ name }) => `${place.label}/${name}`))}. In a project with config version 3, seeds are in ${place.label}/<database>/.`,
          },
        ]
      : []),
    ...(ignored.length > 0
      ? [
          {
            code: "ignored-seeds",
            message: `Ignored, because their names do not end in .sql or .SQL: ${shortenList(ignored)}.`,
          },
        ]
      : []),
  ];
}

function circular(label: string): Failure {
  return new Failure(
    "usage",
    "broken-link",
    `The symbolic link ${label} leads back to a directory that contains it.`,
    { hints: [textHint("Remove the link.")] },
  );
}

function notAFile(label: string): Failure {
  return new Failure("usage", "unreadable-file", `${label} is a pipe or a device, not a file.`, {
    hints: [textHint("Replace it with an SQL file, or remove it.")],
  });
}
