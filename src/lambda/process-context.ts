import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { realFileSystem } from "../engine/project/file-system.ts";
import { keptProject } from "../engine/project/kept-project.ts";
import { postgresOnly } from "../engine/project/local-databases.ts";
import type { Project } from "../engine/project/project.ts";
import { LedgerMemory } from "../engine/store/ledger/ledger-memory.ts";
import { execute } from "../engine/execute.ts";
import { Failure } from "../protocol/failure.ts";
import { crashGuard, type CrashGuard } from "./crash-guard.ts";
import type { HandlerContext } from "./handler.ts";
import { LastContent } from "./hasura/last-content.ts";
import type { HasuraCliContext } from "./hasura-cli/engine.ts";
import { putEventWith } from "./run-end/event-bridge.ts";
import { secretPartOf } from "./run-end/webhook-address.ts";
import { redactor } from "./secrets/redact.ts";
import { adminSecretStores, webhookStores } from "./secrets/secret-store.ts";
import { storedSecret } from "./secrets/stored-secret.ts";
import { readSettings, secretsIn, type Settings } from "./settings.ts";

const sleep: HandlerContext["sleep"] = async (ms, signal) => {
  await delay(ms, undefined, signal && { signal });
};

/** Ends the process after an error that nothing caught. */
export function processGuard(): CrashGuard {
  return crashGuard({ exit: () => process.exit(1), sleep });
}

/** The handler's dependencies from the process. Errors that nothing catches are logged and reported to the guard. */
export function processContext(guard: CrashGuard): HandlerContext {
  const redact = redactor();
  const learnAddress = (address: string): void =>
    redact.learn(secretPartOf(address.trim()), "webhook address");
  learnAddress(process.env.HASURA_MIGRATE_NOTIFY_URL ?? "");
  // Also if the settings are invalid: a crash may then print them.
  for (const secret of secretsIn(process.env)) redact.learn(secret);
  const settings = settingsOrFailure();
  const none = { from: "none" } as const;
  const isValid = !(settings instanceof Failure);
  const setting = isValid ? settings.adminSecret : none;
  const webhook = isValid ? settings.notifications.webhook : none;
  for (const event of ["unhandledRejection", "uncaughtException"] as const) {
    // The runtime's own listeners end the process at once, in the middle of a migration.
    process.removeAllListeners(event);
    process.on(event, (thrown: unknown) => {
      const stack = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
      writeLog(crashLine(event, redact.text(stack)));
      guard.crashed();
    });
  }
  return {
    settings,
    adminSecret: storedSecret({ setting, stores: adminSecretStores, learn: redact.learn }),
    redact,
    readProject: projectReader(),
    execute,
    hasuraCli: hasuraCliContext(),
    now: Date.now,
    sleep,
    every: (ms, run) => {
      const timer = setInterval(run, ms);
      return () => clearInterval(timer);
    },
    soon: (run) => void setImmediate(run),
    random: Math.random,
    writeLog,
    channels: {
      webhookAddress: storedSecret({
        setting: webhook,
        stores: webhookStores,
        learn: learnAddress,
      }),
      putEvent: putEventWith(process.env),
      sleep,
    },
    pausedRun: { current: undefined },
    kept: { ledgers: new LedgerMemory(), catalogState: new LastContent() },
  };
}

function settingsOrFailure(): Settings | Failure {
  try {
    return readSettings(process.env);
  } catch (thrown) {
    if (thrown instanceof Failure) return thrown;
    throw thrown;
  }
}

/** Keeps the project for the next invocation of this process. */
function projectReader(): HandlerContext["readProject"] {
  let read: (() => Promise<Project>) | undefined;
  return async (settings) => {
    read ??= keptProject({ directory: directoryOf(settings), fs: realFileSystem, now: Date.now });
    const project = await read();
    // The embedded environment, which serves every name, has PostgreSQL only.
    return settings.environment === "*" ? postgresOnly(project) : project;
  };
}

/** By default `migrations` beside the handler, else in Lambda's task root. */
function directoryOf({ directory }: Settings): string {
  if (directory !== undefined) return directory;
  const beside = join(besideHandler(), "migrations");
  const taskRoot = process.env.LAMBDA_TASK_ROOT;
  return taskRoot === undefined || existsSync(beside) ? beside : join(taskRoot, "migrations");
}

function besideHandler(): string {
  return dirname(fileURLToPath(import.meta.url));
}

/** The official CLI is beside the handler or on the path, and trusts the same certificate authorities as Node. */
function hasuraCliContext(): HasuraCliContext {
  const { PATH = "", SSL_CERT_FILE, SSL_CERT_DIR, NODE_EXTRA_CA_CERTS: authority } = process.env;
  return {
    directories: [besideHandler(), ...PATH.split(delimiter)],
    environment: {
      PATH,
      ...(SSL_CERT_FILE !== undefined && { SSL_CERT_FILE }),
      ...(SSL_CERT_DIR !== undefined && { SSL_CERT_DIR }),
      // Node ignores a missing file, the CLI fails.
      ...(authority &&
        existsSync(authority) && { HASURA_GRAPHQL_CERTIFICATE_AUTHORITY: resolve(authority) }),
    },
    temporaryDirectory: tmpdir(),
  };
}

/** Directly to stdout, because the runtime's console prefixes lines, which would not be JSON any more. */
function writeLog(line: string): void {
  process.stdout.write(line);
}

function crashLine(event: string, stack: string): string {
  const message = `${event}: a bug in hasura-migrate; the process ends after the current run`;
  return `${JSON.stringify({ at: new Date().toISOString(), level: "warning", message, stack })}\n`;
}
