import { appendFileSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";

/*
 * Stands in for the official CLI: its arguments, requests, output and exit codes as far as one version or a status goes
 * (docs/internals/hasura-protocol.md, "HTTP requests" and "The official CLI as a program"), and on
 * request its failures. Started as: node main.mjs <behaviour> <file for calls> <arguments>.
 */

const [behaviour = "works", callsFile = "", ...argv] = process.argv.slice(2);
const { env } = process;

// Before the call is written: who waits for that may signal at once.
if (behaviour === "ignores-sigterm") process.on("SIGTERM", () => undefined);

const log = (level: string, msg: string): void =>
  void process.stderr.write(`${JSON.stringify({ level, msg, time: new Date().toISOString() })}\n`);

class Fatal extends Error {}

/** Exit by itself: nothing may keep a stand-in alive. */
function fatal(message: string): never {
  process.stderr.write(`time="2026-11-24T20:00:00Z" level=fatal msg=${JSON.stringify(message)}\n`);
  process.exit(1);
}

const known = {
  "database-name": { type: "string" },
  endpoint: { type: "string" },
  project: { type: "string" },
  version: { type: "string" },
  file: { type: "string" },
  type: { type: "string", default: "up" },
  "skip-execution": { type: "boolean", default: false },
  "no-transaction": { type: "boolean", default: false },
  "disallow-inconsistent-metadata": { type: "boolean", default: false },
  "skip-update-check": { type: "boolean", default: false },
  "disable-interactive": { type: "boolean", default: false },
  "no-color": { type: "boolean", default: false },
} as const;

function readArguments() {
  try {
    return parseArgs({ args: argv, options: known, allowPositionals: true });
  } catch {
    return fatal(
      `unknown flag: ${argv.find((it) => it.startsWith("--") && !(it.slice(2) in known)) ?? "?"}`,
    );
  }
}

const { values, positionals } = readArguments();
const project = values.project ?? "";
const database = values["database-name"];
const migrations = join(project, "migrations", database ?? "");
const folders = existsSync(migrations) ? readdirSync(migrations) : [];

appendFileSync(
  callsFile,
  `${JSON.stringify({ argv, env, files: project === "" ? [] : filesBelow(project), home: homeConfig() })}\n`,
);

function filesBelow(directory: string): string[] {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return entries
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .sort();
}

function homeConfig(): unknown {
  const path = join(env["HOME"] ?? "", ".hasura", "config.json");
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : undefined;
}

interface State {
  readonly cli_state: { readonly migrations?: Record<string, Record<string, boolean>> };
}

async function post(path: string, type: string, args: object): Promise<unknown> {
  const url = `${values.endpoint ?? ""}${path}`;
  const headers = {
    "content-type": "application/json",
    "x-hasura-admin-secret": env["HASURA_GRAPHQL_ADMIN_SECRET"] ?? "",
  };
  const response = await fetch(url, {
    method: "POST",
    headers,
    body: JSON.stringify({ type, args }),
  }).catch(() => {
    throw new Fatal(`Post "${url}": EOF`);
  });
  const text = await response.text();
  if (response.status === 200) return JSON.parse(text);
  // Indented by two, as it stands in its messages; HTML as it came.
  throw new Fatal(text.startsWith("{") ? JSON.stringify(JSON.parse(text), undefined, 2) : text);
}

const recorded = async (): Promise<Record<string, boolean>> =>
  ((await post("/v1/metadata", "get_catalog_state", {})) as State).cli_state.migrations?.[
    database ?? ""
  ] ?? {};

/** Read, changed, written whole: also what the document held besides is lost, as with the real one. */
async function record(change: (versions: Record<string, boolean>) => void): Promise<void> {
  const { cli_state: state } = (await post("/v1/metadata", "get_catalog_state", {})) as State;
  const versions = { ...state.migrations?.[database ?? ""] };
  change(versions);
  const next = {
    migrations: { ...state.migrations, [database ?? ""]: versions },
    settings: { migration_mode: "true" },
    isStateCopyCompleted: true,
  };
  await post("/v1/metadata", "set_catalog_state", { type: "cli", state: next });
}

function readMigration(version: string, type: string): string {
  const folder = folders.find((name) => name.startsWith(`${version}_`));
  const file = join(migrations, folder ?? "", `${type}.sql`);
  if (folder === undefined || !existsSync(file))
    throw new Fatal(`${version} ${type} migration not found`);
  return readFileSync(file, "utf8");
}

async function apply(): Promise<void> {
  const { version = "", type } = values;
  const has = version in (await recorded());
  if (type === "up" && has) throw new Fatal("Version already applied in database");
  if (type === "down" && !has) throw new Fatal("Migration not applied in database");
  const sql = readMigration(version, type);
  const noTransaction = values["no-transaction"] && { no_transaction: true };
  if (!values["skip-execution"])
    await post("/v2/query", "run_sql", {
      source: database,
      sql,
      check_metadata_consistency: false,
      ...noTransaction,
    });
  if (behaviour === "dies-before-recording") process.kill(process.pid, "SIGKILL");
  await record((versions) => {
    if (type === "up") versions[version] = false;
    else Reflect.deleteProperty(versions, version);
  });
  if (behaviour === "dies-after-recording") process.kill(process.pid, "SIGKILL");
  log("info", "migrations applied");
}

async function applySeed(): Promise<void> {
  const sql = readFileSync(join(project, "seeds", database ?? "", values.file ?? ""), "utf8");
  await post("/v2/query", "run_sql", { source: database, sql });
  log("info", "Seeds planted");
}

async function status(): Promise<void> {
  const present = await recorded();
  log("info", "Fetching migration status...");
  process.stdout.write(
    `\nDatabase: ${database ?? ""}\nVERSION  NAME  SOURCE STATUS  DATABASE STATUS\n`,
  );
  const here = new Map(
    folders.map((folder) => [folder.split("_")[0] ?? "", folder.split("_").slice(1).join("_")]),
  );
  for (const version of new Set([...here.keys(), ...Object.keys(present)])) {
    const [source, applied] = [
      here.has(version),
      version in present && behaviour !== "omits-status",
    ];
    process.stdout.write(
      `${version}  ${here.get(version) ?? "-"}  ${source ? "Present" : "Not Present"}  ${applied ? "Present" : "Not Present"}\n`,
    );
  }
}

/** `metadata apply` of a single file, and `metadata reload`. */
async function metadata(): Promise<void> {
  if (positionals[1] === "reload") {
    await post("/v1/metadata", "reload_metadata", {});
    return;
  }
  const document: unknown = JSON.parse(readFileSync(join(project, "metadata.json"), "utf8"));
  const allowed = !values["disallow-inconsistent-metadata"];
  await post("/v1/metadata", "replace_metadata", {
    allow_inconsistent_metadata: allowed,
    metadata: document,
  });
  if (behaviour === "dies-after-recording") process.kill(process.pid, "SIGKILL");
}

/** Misbehaves as asked; true if it did. */
async function misbehave(): Promise<boolean> {
  switch (behaviour) {
    case "false-success":
      log("info", "migrations applied");
      return true;
    case "panics":
      process.stderr.write(
        "panic: runtime error: invalid memory address or nil pointer dereference\n\ngoroutine 1 [running]:\nmain.main()\n",
      );
      return process.exit(2);
    case "prints-garbage":
      process.stdout.write(Buffer.from([0xff, 0xfe, 0x00, 0x0a]));
      process.stderr.write(
        Buffer.concat([
          Buffer.from([0xc3, 0x28, 0x0a]),
          Buffer.from('{"level":"info"\n{}\nnull\n"x"\n<html>\n'),
        ]),
      );
      return process.exit(1);
    case "fails-silently":
      return process.exit(1);
    case "hangs":
    case "ignores-sigterm":
      // A request is in flight, as in the middle of a migration.
      await new Promise(() => setInterval(() => undefined, 1000));
      return true;
    case "leaks-the-secret":
      log("warning", `the secret is ${env["HASURA_GRAPHQL_ADMIN_SECRET"] ?? ""}`);
      // And across the places where long texts are cut.
      for (const length of [190, 1990])
        log("warning", `${"x".repeat(length)}${env["HASURA_GRAPHQL_ADMIN_SECRET"] ?? ""}`);
      return fatal(`${"x".repeat(190)}${env["HASURA_GRAPHQL_ADMIN_SECRET"] ?? ""}`);
    default:
      return false;
  }
}

async function main(): Promise<void> {
  if (positionals[0] === "version") {
    if (behaviour === "does-not-run") fatal("something is wrong with this binary");
    process.stderr.write(`{"level":"info","msg":"hasura cli","time":"x","version":"v2.48.0"}\n`);
    return;
  }
  if (positionals[0] === "metadata") {
    if (!(await misbehave())) await metadata();
    return;
  }
  if (positionals[0] === "seed") {
    await applySeed();
    return;
  }
  if (positionals[0] !== "migrate")
    return fatal(`unknown command "${positionals[0] ?? ""}" for "hasura"`);
  if (await misbehave()) return;
  await post("/v1/query", "export_metadata", {});
  await (positionals[1] === "status" ? status() : apply());
}

try {
  await main();
} catch (error) {
  if (!(error instanceof Fatal)) throw error;
  // Before it has chosen a database it ends with the body alone.
  if (positionals[0] === "seed") fatal(`operation failed \n${error.message}`);
  if (positionals[0] === "metadata") fatal(`error applying metadata \n${error.message}`);
  if (positionals[1] === "status" || error.message.includes("access-denied")) fatal(error.message);
  log(
    "error",
    `skipping applying migrations on database '${database ?? ""}', encountered: \n${error.message}`,
  );
  fatal(`applying migrations failed on database(s): ${database ?? ""}`);
}
