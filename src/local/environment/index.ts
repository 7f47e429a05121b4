import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Failure } from "../../protocol/failure.ts";
import { commandHint, retryHint } from "../../protocol/hint.ts";
import { findInBuild } from "../lambda-service/build-output.ts";
import { type Databases, embeddedDatabases, existingDatabases } from "./databases.ts";
import { findLocalProject, type LocalProject } from "./find-project.ts";
import { startHasuraApi } from "../hasura-api/index.ts";
import { startLambdaService } from "../lambda-service/index.ts";
import { startPostgres } from "../postgres/index.ts";

export interface LocalEnvironmentOptions {
  readonly cwd: string;
  /** A Hasura project or its migrations directory; default: the project in `cwd`. */
  readonly migrations?: string;
  /** An existing database to use instead of the embedded server. Never reset. */
  readonly databaseUrl?: string;
  /** Drops the databases of earlier runs. */
  readonly reset?: boolean;
  /** The built handler; default: the one in dist/. */
  readonly functionDirectory?: string;
  /** Default: a random one. */
  readonly adminSecret?: string;
  /** Of Hasura's API; default: any free one. */
  readonly port?: number;
  /** Of the Lambda service; default: any free one. */
  readonly lambdaPort?: number;
  /** Runs migrations as a superuser of the embedded server, who can run programs on this machine. */
  readonly superuser?: boolean;
  readonly timeoutMs?: number;
  /** Environments whose functions discovery finds here. */
  readonly environments?: readonly string[];
  /** The function's environment variables, in addition to the required ones. */
  readonly env?: Readonly<Record<string, string>>;
  /** Environment variables that webhooks and action handlers in the metadata may name. */
  readonly handlerEnv?: Readonly<Record<string, string | undefined>>;
  readonly log?: (text: string) => void;
  /** Receives the lines of the function's log that are warnings. */
  readonly warning?: (line: string) => void;
}

export interface LocalEnvironment {
  readonly lambdaUrl: string;
  /** The only one whose requests the Lambda service accepts. */
  readonly accessKeyId: string;
  readonly hasuraUrl: string;
  readonly adminSecret: string;
  /** Of the first source. */
  readonly databaseUrl: string;
  /** The embedded server; absent when an existing database is used. */
  readonly server?: { readonly description: string; readonly data: string };
  /** Stops everything, in reverse order of its start. */
  stop(): Promise<void>;
}

/**
 * Starts a whole environment: PostgreSQL, Hasura's API, and Lambda with the built handler. When a part fails to start, those
 * before it are stopped.
 */
export async function startLocalEnvironment(
  options: LocalEnvironmentOptions,
): Promise<LocalEnvironment> {
  const project = await findLocalProject(options.cwd, options.migrations);
  const functionDirectory = options.functionDirectory ?? builtFunction();
  const running: { stop(): Promise<void> }[] = [];
  const stop = async (): Promise<void> => {
    for (let part = running.pop(); part !== undefined; part = running.pop()) await part.stop();
  };
  const keep = <T extends { stop(): Promise<void> }>(part: T): T => {
    running.push(part);
    return part;
  };
  try {
    return { ...(await startParts(options, project, functionDirectory, keep)), stop };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}

type Keep = <T extends { stop(): Promise<void> }>(part: T) => T;

async function startParts(
  options: LocalEnvironmentOptions,
  project: LocalProject,
  functionDirectory: string,
  keep: Keep,
): Promise<Omit<LocalEnvironment, "stop">> {
  const { log, timeoutMs, port, lambdaPort, environments = [] } = options;
  const logged = log && { log };
  const adminSecret = options.adminSecret ?? randomBytes(24).toString("base64url");
  const { metadataUrl, sources, server } = await databasesFor(options, project, keep);
  const hasura = keep(
    await startHasuraApi({
      metadataUrl,
      adminSecret,
      sources: sources.map((source) => ({ ...source, kind: "postgres" })),
      ...logged,
      ...(port !== undefined && { port }),
      ...(options.handlerEnv && { handlerEnv: options.handlerEnv }),
    }),
  );
  const env = {
    HASURA_MIGRATE_ENVIRONMENT: "*",
    HASURA_MIGRATE_SOURCES: "image,upload",
    HASURA_MIGRATE_ENDPOINT: hasura.url,
    HASURA_MIGRATE_SQL: "read",
    HASURA_MIGRATE_ADMIN_SECRET: adminSecret,
    HASURA_MIGRATE_DIRECTORY: project.directory,
    ...options.env,
  };
  const accessKeyId = `local-${randomBytes(15).toString("hex")}`;
  const lambda = keep(
    await startLambdaService({
      functionDirectory,
      env,
      accessKeyId,
      ...logged,
      ...(options.warning && { warning: options.warning }),
      ...(timeoutMs !== undefined && { timeoutMs }),
      ...(lambdaPort !== undefined && { port: lambdaPort }),
      tagged: environments.map((name) => ({ name: `hasura-migrate-${name}`, environment: name })),
    }),
  );
  const databaseUrl = sources[0]?.url ?? metadataUrl;
  return {
    lambdaUrl: lambda.url,
    accessKeyId,
    hasuraUrl: hasura.url,
    adminSecret,
    databaseUrl,
    ...(server && { server }),
  };
}

type DatabasesAndServer = Databases & Pick<LocalEnvironment, "server">;

async function databasesFor(
  options: LocalEnvironmentOptions,
  project: LocalProject,
  keep: Keep,
): Promise<DatabasesAndServer> {
  if (options.databaseUrl !== undefined) {
    if (options.reset) throw resetRefused();
    return existingDatabases(options.databaseUrl, project.sources);
  }
  const server = keep(
    await startPostgres({
      directory: project.stateDirectory,
      reset: options.reset ?? false,
      ...(options.log && { log: options.log }),
    }),
  );
  await excludeFromGit(project.stateDirectory);
  const { description, data } = server;
  return {
    ...(await embeddedDatabases(server.url, project.sources, {
      reset: options.reset ?? false,
      superuser: options.superuser ?? false,
    })),
    server: { description, data },
  };
}

function resetRefused(): Failure {
  const reason = "drop and create that database yourself, then run without --reset";
  return new Failure(
    "usage",
    "reset-refused",
    "--reset drops the embedded database only, never one given with --database-url.",
    { hints: [retryHint({ without: ["--reset"], reason })] },
  );
}

/** The directory is inside a repository, usually. */
async function excludeFromGit(directory: string): Promise<void> {
  const file = join(directory, ".gitignore");
  if (existsSync(file)) return;
  await mkdir(directory, { recursive: true });
  await writeFile(file, "*\n");
}

function builtFunction(): string {
  const handler = findInBuild("function/index.mjs");
  if (handler !== undefined) return dirname(handler);
  throw new Failure(
    "bug",
    "function-missing",
    "The built handler is missing: dist/function/index.mjs.",
    { hints: [commandHint(["npm", "run", "build"], "in a checkout of hasura-migrate, build it")] },
  );
}
