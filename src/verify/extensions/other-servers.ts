import { execFile } from "node:child_process";
import { access, readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Where packages and installers put the programs of several versions: a directory, and the path below each of its entries. */
const places: readonly (readonly [directory: string, pattern: RegExp, below: string])[] = [
  ["/usr/lib/postgresql", /^\d+$/, "bin"],
  ["/usr", /^pgsql-\d+$/, "bin"],
  ["/opt/homebrew/opt", /^postgresql(@\d+)?$/, "bin"],
  ["/usr/local/opt", /^postgresql(@\d+)?$/, "bin"],
  ["/Applications/Postgres.app/Contents/Versions", /^\d+$/, "bin"],
  ["/Library/PostgreSQL", /^\d+$/, "bin"],
];

/** The program directories of other servers on this machine that have all of these extensions, newest first. */
export async function serversWith(extensions: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const bin of await installedServers()) if (await hasAll(bin, extensions)) found.push(bin);
  return found;
}

async function installedServers(): Promise<string[]> {
  const found = await Promise.all(
    places.map(async ([directory, pattern, below]) => {
      const entries = await readdir(directory).catch(() => []);
      return entries
        .filter((name) => pattern.test(name))
        .map((name) => join(directory, name, below));
    }),
  );
  const version = (bin: string): number => Number(/\d+/.exec(bin)?.[0] ?? 0);
  return found.flat().toSorted((a, b) => version(b) - version(a));
}

async function hasAll(bin: string, extensions: readonly string[]): Promise<boolean> {
  const directories = await shareDirectories(bin);
  const found = await Promise.all(
    [join(bin, "initdb"), join(bin, "postgres")].map(exists).concat(
      extensions.map(async (name) => {
        const files = directories.map((share) => join(share, "extension", `${name}.control`));
        return (await Promise.all(files.map(exists))).includes(true);
      }),
    ),
  );
  return !found.includes(false);
}

async function shareDirectories(bin: string): Promise<string[]> {
  const named = await run(join(bin, "pg_config"), ["--sharedir"]).then(
    ({ stdout }) => [stdout.trim()],
    () => [],
  );
  const prefix = dirname(bin);
  const version = /\d+/.exec(prefix)?.[0] ?? "";
  return [
    ...named,
    join(prefix, "share"),
    join(prefix, "share", "postgresql"),
    join("/usr/share/postgresql", version),
  ];
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
