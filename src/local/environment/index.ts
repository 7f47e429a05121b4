import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Failure } from "../../protocol/failure.ts";
import { type Databases, embeddedDatabases, givenDatabases } from "./databases.ts";
import { findProject, type ProjectPlace } from "./project-place.ts";
import { startHasuraApi } from "../hasura-api/index.ts";
import { startLambdaService } from "../lambda-service/index.ts";
import { startPostgres } from "../postgres/index.ts";

export interface LocalEnvironmentOptions {
  readonly cwd: string;
  /** A Hasura project or its migrations directory; absent: the project in `cwd`. */
  readonly migrations?: string;
  /** A database of the person's own in place of the embedded server. Never reset. */
  readonly databaseUrl?: string;
  /** Drops what an earlier run left. */
  readonly reset?: boolean;
  /** The built handler; default: beside this program's own bundle. */
  readonly functionDirectory?: string;
  /** Default: a random one. */
  readonly adminSecret?: string;
  readonly timeoutMs?: number;
  /** The function's environment, on top of what it needs. */
  readonly env?: Readonly<Record<string, string>>;
  readonly log?: (text: string) => void;
}

export interface LocalEnvironment {
  readonly lambdaUrl: string;
  readonly hasuraUrl: string;
  readonly adminSecret: string;
  /** Of the first source. */
  readonly databaseUrl: string;
  /** The embedded server; absent where the database is somebody's own. */
  readonly server?: { readonly description: string; readonly data: string };
  /** Ends everything that was started, in the order that loses nothing. */
  stop(): Promise<void>;
}

/**
 * Starts all that an environment has: Postgres, Hasura's API, Lambda with the built handler. Whatever fails on the way,
 * what was started before it is stopped.
 */
export async function startLocalEnvironment(
  options: LocalEnvironmentOptions,
): Promise<LocalEnvironment> {
  const functionDirectory = options.functionDirectory ?? builtFunction();
  const project = await findProject(options.cwd, options.migrations);
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
  project: ProjectPlace,
  functionDirectory: string,
  keep: Keep,
): Promise<Omit<LocalEnvironment, "stop">> {
  const { log, timeoutMs } = options;
  const logged = log && { log };
  const adminSecret = options.adminSecret ?? randomBytes(24).toString("base64url");
  const { metadataUrl, sources, server } = await databasesFor(options, project, keep);
  const hasura = keep(
    await startHasuraApi({
      metadataUrl,
      adminSecret,
      sources: sources.map((source) => ({ ...source, kind: "postgres" })),
      ...logged,
    }),
  );
  const env = {
    HASURA_MIGRATE_ENVIRONMENT: "*",
    HASURA_MIGRATE_ENDPOINT: hasura.url,
    HASURA_MIGRATE_ADMIN_SECRET: adminSecret,
    HASURA_MIGRATE_DIRECTORY: project.directory,
    ...options.env,
  };
  const lambda = keep(
    await startLambdaService({
      functionDirectory,
      env,
      ...logged,
      ...(timeoutMs !== undefined && { timeoutMs }),
    }),
  );
  const databaseUrl = sources[0]?.url ?? metadataUrl;
  return {
    lambdaUrl: lambda.url,
    hasuraUrl: hasura.url,
    adminSecret,
    databaseUrl,
    ...(server && { server }),
  };
}

type Served = Databases & Pick<LocalEnvironment, "server">;

async function databasesFor(
  options: LocalEnvironmentOptions,
  project: ProjectPlace,
  keep: Keep,
): Promise<Served> {
  if (options.databaseUrl !== undefined) {
    if (options.reset) {
      throw new Failure(
        "usage",
        "reset-refused",
        "--reset drops the embedded database only, never one that --database-url names.",
        {
          hints: ["drop and create that database yourself, then run again without --reset"],
        },
      );
    }
    return givenDatabases(options.databaseUrl, project.sources);
  }
  const server = keep(
    await startPostgres({
      directory: project.stateDirectory,
      ...(options.log && { log: options.log }),
    }),
  );
  await ignoredByGit(project.stateDirectory);
  const { description, data } = server;
  return {
    ...(await embeddedDatabases(server.url, project.sources, options.reset ?? false)),
    server: { description, data },
  };
}

/** The directory lies in people's repositories. */
async function ignoredByGit(directory: string): Promise<void> {
  const file = join(directory, ".gitignore");
  if (existsSync(file)) return;
  await mkdir(directory, { recursive: true });
  await writeFile(file, "*\n");
}

/** Beside the bundle that holds this file; or, when this runs from source, in the build's output. */
const places = ["./function", "../function", "../../../dist/function"];

function builtFunction(): string {
  const found = places
    .map((place) => fileURLToPath(new URL(place, import.meta.url)))
    .find((it) => existsSync(join(it, "index.mjs")));
  if (found) return found;
  throw new Failure(
    "bug",
    "function-missing",
    "The built handler is missing: dist/function/index.mjs.",
    { hints: ["npm run build"] },
  );
}
