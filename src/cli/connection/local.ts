import { join, relative } from "node:path";
import { checkedOnce } from "../../protocol/checked-once.ts";
import { Failure } from "../../protocol/failure.ts";
import { retryHint, textHint } from "../../protocol/hint.ts";
import { NotificationVariables } from "../../protocol/notification-settings.ts";
import type { CliContext, Environment } from "../context.ts";
import { within } from "./time-limit.ts";

/** Options of the embedded environment, in addition to those of every environment. */
export interface LocalChoice {
  readonly migrations?: string | undefined;
  readonly databaseUrl?: string | undefined;
  readonly reset?: boolean | undefined;
  readonly superuser?: boolean | undefined;
  readonly debug?: boolean | undefined;
  /** It goes on after a command, so that the ends of runs can be announced. */
  readonly serve?: boolean | undefined;
  /** Of the Hasura-compatible API and of the Lambda service; free ones by default. */
  readonly port?: number | undefined;
  readonly lambdaPort?: number | undefined;
  /** Every function is that of a protected environment. */
  readonly protected?: boolean | undefined;
  /** Environments whose functions discovery finds there. */
  readonly served?: readonly string[] | undefined;
}

/** The embedded environment as the target of an invocation. */
export interface LocalTarget {
  readonly endpointUrl: string;
  /** The only access key that it accepts; the secret does not matter. */
  readonly accessKeyId: string;
  readonly functionName: string;
  /** Which database server runs and where its data is; absent with your own database. */
  readonly server?: string;
  stop(): Promise<void>;
}

type LocalEnvironment = Awaited<ReturnType<typeof startEnvironment>>;

/**
 * Starts the embedded environment for one command; `stop` ends all of it. Throws `unreachable/local-start-timeout`, and whatever its
 * parts throw.
 */
export async function startLocalTarget(
  context: CliContext,
  choice: LocalChoice = {},
): Promise<LocalTarget> {
  const environment = await startEnvironment(context, choice);
  // Interrupted during startup: nothing else would stop it.
  if (context.interrupts.first.aborted) await environment.stop();
  const server = serverLine(context, environment);
  return {
    endpointUrl: environment.lambdaUrl,
    accessKeyId: environment.accessKeyId,
    functionName: "hasura-migrate-local",
    ...(server !== undefined && { server }),
    stop: () => environment.stop(),
  };
}

/**
 * Starts the embedded environment, with the addresses and secrets of its services. With `serve`, warnings of the function's log
 * are printed: nobody else shows them. Throws `unreachable/local-start-timeout`, `interrupted/interrupted` if it was interrupted
 * before or did not start because of it, and whatever its parts throw.
 */
export async function startEnvironment(context: CliContext, choice: LocalChoice) {
  const isInterrupted = (): boolean => context.interrupts.first.aborted;
  if (isInterrupted()) throw notStarted();
  try {
    return await within(startParts(context, choice), {
      ms: longestStartMs,
      every: context.every,
      late: startTimeout,
    });
  } catch (thrown) {
    // Ctrl-C in a terminal also ends the programs that were started, such as initdb.
    throw isInterrupted() ? notStarted() : thrown;
  }
}

function notStarted(): Failure {
  return new Failure(
    "interrupted",
    "interrupted",
    "Interrupted; the local environment was not started.",
  );
}

/** Its parts have their own limits, such as a minute for the database server. */
const longestStartMs = 180_000;

function startTimeout(): Failure {
  return new Failure(
    "unreachable",
    "local-start-timeout",
    `The local environment did not start within ${longestStartMs / 1000} s; nothing was run.`,
    { hints: [retryHint({ with: ["--debug"], reason: "to see what it is waiting for" })] },
  );
}

async function startParts(context: CliContext, choice: LocalChoice) {
  const { migrations, databaseUrl, reset, superuser, debug, port, lambdaPort, served } = choice;
  const env = {
    ...settingsFrom(context.env, choice.serve === true),
    ...(choice.protected && { HASURA_MIGRATE_PROTECTED: "true" }),
  };
  const { startLocalEnvironment } = await import("../../local/environment/index.ts");
  return startLocalEnvironment({
    cwd: context.cwd,
    env,
    handlerEnv: context.env,
    ...(migrations !== undefined && { migrations }),
    ...(databaseUrl !== undefined && { databaseUrl }),
    ...(reset !== undefined && { reset }),
    ...(superuser !== undefined && { superuser }),
    ...(port !== undefined && { port }),
    ...(lambdaPort !== undefined && { lambdaPort }),
    ...(served !== undefined && { environments: served }),
    ...(choice.serve && !debug && { warning: (line: string) => context.err.write(`${line}\n`) }),
    ...(debug && {
      log: (text: string) => context.err.write(text.endsWith("\n") ? text : `${text}\n`),
    }),
  });
}

/** The function's settings that concern the database. No others are passed on. */
const databaseSettings = [
  "HASURA_MIGRATE_LEDGER",
  "HASURA_MIGRATE_KEEP_DOWN_SQL",
  "HASURA_MIGRATE_KEEP_METADATA",
  "HASURA_MIGRATE_SECOND_TRY",
] as const;

/** Those about announcing the end of a run, which a function that ends with the command could not finish. */
const notificationSettings = Object.keys(NotificationVariables.shape);

function settingsFrom(env: Environment, isServed: boolean): Record<string, string> {
  const names = isServed ? [...databaseSettings, ...notificationSettings] : databaseSettings;
  const settings = Object.fromEntries(
    names.flatMap((name) => {
      const value = env[name];
      // One that is set but empty counts as absent, as in the function.
      return value === undefined || value === "" ? [] : [[name, value]];
    }),
  );
  checkNotifications(settings);
  return settings;
}

/** Throws usage/function-settings, now and not at the first call; the message has no value, which may be a secret. */
function checkNotifications(settings: Readonly<Record<string, string>>): void {
  const parsed = NotificationVariables.safeParse(settings, checkedOnce);
  if (parsed.success) return;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join(".")} ${message}`);
  throw new Failure("usage", "function-settings", `${problems.join("; ")}.`, {
    hints: [textHint("Correct the environment variable of this command, or unset it.")],
  });
}

/**
 * `PostgreSQL 15.14 (/usr/lib/postgresql/15/bin), data in ~/.local/state/hasura-migrate/databases/…/data`; undefined with a database
 * of your own.
 */
export function serverLine(
  context: CliContext,
  { server }: Pick<LocalEnvironment, "server">,
): string | undefined {
  if (!server) return undefined;
  return `${server.description}, data in ${shownPath(context, server.data)}`;
}

/** A path relative to the working directory or, with `~`, to the home directory, where it is inside one of them. */
function shownPath({ cwd, home }: CliContext, path: string): string {
  const [fromCwd, fromHome] = [relative(cwd, path), relative(home, path)];
  if (!fromCwd.startsWith("..")) return fromCwd;
  return fromHome.startsWith("..") ? path : join("~", fromHome);
}
