import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { Writable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { readProject } from "../engine/project/project.ts";
import { execute } from "../engine/execute.ts";
import { Failure } from "../protocol/failure.ts";
import { adminSecret } from "./secrets/admin-secret.ts";
import { handle, type HandlerContext } from "./handler.ts";
import type { HasuraCliContext } from "./hasura-cli/engine.ts";
import type { LambdaContext } from "./invocation.ts";
import { redactor } from "./secrets/redact.ts";
import { readSettings, type Settings } from "./settings.ts";

type StreamingHandler = (event: unknown, out: Writable, context: LambdaContext) => Promise<void>;
type BufferedHandler = (event: unknown, context: LambdaContext) => Promise<string>;

declare global {
  /** Set by the Node runtimes of Lambda before the handler's module is loaded; absent everywhere else. */
  var awslambda: { streamifyResponse(handler: StreamingHandler): StreamingHandler } | undefined;
}

const world = realWorld();

const streaming: StreamingHandler = (event, out, context) => handle({ event, out, context }, world);

/** Where streaming cannot be had: all events at once, as one text. */
const buffered: BufferedHandler = async (event, context) => {
  const lines: string[] = [];
  const out = new Writable({
    decodeStrings: false,
    write(line: string, _encoding, done) {
      lines.push(line);
      done();
    },
  });
  await handle({ event, out, context }, world);
  return lines.join("");
};

/** The function's entry, `index.runMigrations`: a request of src/protocol/request.ts in, NDJSON events out. */
export const runMigrations = globalThis.awslambda
  ? globalThis.awslambda.streamifyResponse(streaming)
  : buffered;

/** The only part that knows the process. */
function realWorld(): HandlerContext {
  const settings = settingsOrFailure();
  const redact = redactor();
  const setting = settings instanceof Failure ? ({ from: "none" } as const) : settings.adminSecret;
  if (setting.from === "environment") redact.learn(setting.value);
  // The runtime's own listeners end the process, or stay silent; a stray rejection must not kill a migration half way.
  for (const event of ["unhandledRejection", "uncaughtException"] as const) {
    process.on(event, (thrown: unknown) =>
      writeLog(
        strayError(
          event,
          redact.text(thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)),
        ),
      ),
    );
  }
  return {
    settings,
    adminSecret: adminSecret({ setting, learn: redact.learn }),
    redact,
    readProject: (given) => readProject(directoryOf(given)),
    execute,
    hasuraCli: hasuraCliWorld(),
    now: Date.now,
    sleep: async (ms, signal) => {
      await delay(ms, undefined, signal && { signal });
    },
    every: (ms, run) => {
      const timer = setInterval(run, ms);
      return () => clearInterval(timer);
    },
    soon: (run) => void setImmediate(run),
    random: Math.random,
    writeLog,
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

/** `migrations` beside the handler, where the image has it; else in Lambda's task root. */
function directoryOf({ directory }: Settings): string {
  if (directory !== undefined) return directory;
  const beside = join(besideHandler(), "migrations");
  const taskRoot = process.env.LAMBDA_TASK_ROOT;
  return taskRoot === undefined || existsSync(beside) ? beside : join(taskRoot, "migrations");
}

function besideHandler(): string {
  return dirname(fileURLToPath(import.meta.url));
}

/** The official CLI beside the handler or on the path; it trusts the authorities that Node was told to trust. */
function hasuraCliWorld(): HasuraCliContext {
  const { PATH = "", SSL_CERT_FILE, SSL_CERT_DIR, NODE_EXTRA_CA_CERTS: authority } = process.env;
  return {
    directories: [besideHandler(), ...PATH.split(delimiter)],
    environment: {
      PATH,
      ...(SSL_CERT_FILE !== undefined && { SSL_CERT_FILE }),
      ...(SSL_CERT_DIR !== undefined && { SSL_CERT_DIR }),
      // Node goes on without a file that is not there, the CLI does not.
      ...(authority &&
        existsSync(authority) && { HASURA_GRAPHQL_CERTIFICATE_AUTHORITY: resolve(authority) }),
    },
    temporaryDirectory: tmpdir(),
  };
}

/** Straight to stdout: the runtime's console would prefix the line, and it would be no JSON any more. */
function writeLog(line: string): void {
  process.stdout.write(line);
}

function strayError(event: string, stack: string): string {
  return `${JSON.stringify({ at: new Date().toISOString(), level: "warning", message: `${event}: a bug in hasura-migrate; the run goes on`, stack })}\n`;
}
