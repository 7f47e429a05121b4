import { execFile, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/*
 * `node scripts/install-aws-lambda-ric.mjs`: installs AWS's own runtime interface client for this Node in a cache outside the
 * repository. It is compiled, which takes minutes, once a machine. The tests that need it are skipped where it is not in the cache.
 */

const tools = ["cmake", "make", "g++", "python3", "autoconf", "automake", "libtoolize"];

/** 3.x for Node 20; 4.x asks for Node 22 (docs/internals/aws-lambda.md, "The runtime interface client"). */
const version = Number(process.versions.node.split(".")[0]) >= 22 ? "4.0.2" : "3.3.0";
const cache = join(
  process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"),
  "hasura-migrate/aws-lambda-ric",
);

/** Where aws-lambda-ric is, or will be, installed for this Node: a directory with a node_modules of its own. */
export const ricHome = join(cache, `${version}-${process.platform}-${process.arch}`);

/** @returns {Promise<string>} what became of it, as one sentence */
async function install() {
  if (existsSync(ricHome)) return `aws-lambda-ric ${version} is in ${ricHome}`;
  if (process.platform !== "linux") return "Skipped: aws-lambda-ric is for Linux";
  const missing = tools.filter((tool) => spawnSync("which", [tool]).status !== 0);
  if (missing.length > 0)
    return `Skipped: aws-lambda-ric cannot be compiled without ${missing.join(", ")}`;
  mkdirSync(cache, { recursive: true });
  // Beside its place first, so that an interrupted installation leaves no half of it.
  const work = mkdtempSync(join(cache, "installing-"));
  try {
    writeFileSync(join(work, "package.json"), '{ "private": true }\n');
    await promisify(execFile)(
      "npm",
      ["install", "--no-audit", "--no-fund", "--loglevel=error", `aws-lambda-ric@${version}`],
      {
        cwd: work,
        env: { ...process.env, ...headers(), npm_config_ignore_scripts: "false" },
        maxBuffer: 64 * 1024 * 1024,
      },
    );
    renameSync(work, ricHome);
    return `aws-lambda-ric ${version} was installed in ${ricHome}`;
  } catch (thrown) {
    return `Skipped: aws-lambda-ric ${version} could not be installed:\n${lastLines(thrown)}`;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/**
 * The C++ headers that this Node was installed with, for node-gyp, which otherwise downloads them from nodejs.org.
 * @returns {{ npm_config_nodedir?: string }}
 */
function headers() {
  const prefix = dirname(dirname(realpathSync(process.execPath)));
  const file = join(prefix, "include/node/node_version.h");
  const [major = ""] = process.versions.node.split(".");
  const isOurs =
    existsSync(file) &&
    new RegExp(`#define NODE_MAJOR_VERSION ${major}\\b`).test(readFileSync(file, "utf8"));
  return isOurs ? { npm_config_nodedir: prefix } : {};
}

/** The end of what npm printed, which has the reason; or the error itself. @param {unknown} thrown */
function lastLines(thrown) {
  const { stderr } = /** @type {{ stderr?: unknown }} */ (thrown);
  const text = typeof stderr === "string" && stderr !== "" ? stderr : String(thrown);
  return text.trimEnd().split("\n").slice(-30).join("\n");
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  process.stderr.write(`${await install()}\n`);
