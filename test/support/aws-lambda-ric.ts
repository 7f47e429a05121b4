import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/** Lambda's own interface client, installed; or why it cannot be. */
export type InstalledRic =
  { readonly directory: string; readonly entry: string } | { readonly missing: string };

const runProgram = promisify(execFile);
const tools = ["cmake", "make", "g++", "python3", "autoconf", "automake", "libtoolize"];

/**
 * 3.x for Node 20; 4.x asks for 22 (docs/internals/aws-lambda.md, "Differences between versions 3
 * and 4").
 */
const version = Number(process.versions.node.split(".")[0]) >= 22 ? "4.0.2" : "3.3.0";

let installed: Promise<InstalledRic> | undefined;

/**
 * Installs aws-lambda-ric in a cache outside the repository, with a package.json of its own: it compiles for a minute or
 * more, and once a machine.
 */
export function installedRic(): Promise<InstalledRic> {
  installed ??= install();
  return installed;
}

async function install(): Promise<InstalledRic> {
  const cache = join(
    process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"),
    "hasura-migrate/aws-lambda-ric",
  );
  const home = join(cache, `${version}-${process.platform}-${process.arch}`);
  if (!existsSync(home)) {
    if (process.platform !== "linux") return { missing: "aws-lambda-ric is for Linux" };
    const lacking = await missingTools();
    if (lacking.length > 0)
      return { missing: `aws-lambda-ric cannot be compiled: there is no ${lacking.join(", ")}` };
    const problem = await compile(cache, home);
    if (problem !== undefined) return { missing: problem };
  }
  const directory = join(home, "node_modules/aws-lambda-ric");
  const entry = ["bin/index.mjs", "index.mjs"]
    .map((file) => join(directory, file))
    .find((file) => existsSync(file));
  return entry === undefined
    ? { missing: `${directory} has no entry file; remove ${home}` }
    : { directory, entry };
}

async function missingTools(): Promise<string[]> {
  const found = await Promise.all(
    tools.map((tool) => runProgram("which", [tool]).then(...yesOrNo)),
  );
  return tools.filter((_, at) => !found[at]);
}

const yesOrNo = [() => true, () => false] as const;

/** Beside its place first, so that two test files at once, or one that is interrupted, leave no half of it. */
async function compile(cache: string, home: string): Promise<string | undefined> {
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(join(cache, "installing-"));
  try {
    await writeFile(join(work, "package.json"), '{ "private": true }\n');
    await runProgram(
      "npm",
      ["install", "--no-audit", "--no-fund", "--loglevel=error", `aws-lambda-ric@${version}`],
      {
        cwd: work,
        env: { ...process.env, npm_config_ignore_scripts: "false" },
        maxBuffer: 64 * 1024 * 1024,
      },
    );
    await rename(work, home);
    return undefined;
  } catch (thrown) {
    if (existsSync(home)) return undefined; // another one was quicker
    return `aws-lambda-ric ${version} could not be installed: ${String(thrown).slice(0, 300)}`;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
