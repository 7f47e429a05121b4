import { relative } from "node:path";
import type { Command } from "commander";
import type { Ended } from "../ended.ts";
import type { Given, Run } from "../program.ts";
import type { World } from "../world.ts";

export function declareLocal(program: Command, run: Run): void {
  program
    .command("local")
    .summary("apply on an embedded Postgres, on this machine")
    .description(
      "Apply the project in the working directory on an embedded Postgres, through the same function as anywhere.\n" +
        "`local` is also an environment's name: hasura-migrate status local, hasura-migrate down local.",
    )
    .option("--database-url <url>", "a database of your own instead of the embedded one")
    .option("--migrations <directory>", "a Hasura project, or its migrations directory")
    .option("--reset", "drop the embedded database first")
    .option("--serve", "keep Lambda's and Hasura's API up until Ctrl-C")
    .action((_flags: object, command: Command) => run({ ...command.optsWithGlobals(), environments: ["local"] }));
}

/** What `local` needs beyond what every environment needs. */
export interface LocalChoice {
  readonly migrations?: string | undefined;
  readonly databaseUrl?: string | undefined;
  readonly reset?: boolean | undefined;
  readonly debug?: boolean | undefined;
}

/** The embedded environment as the target of an invocation. It takes any credentials. */
export interface LocalTarget {
  readonly endpointUrl: string;
  readonly functionName: string;
  /** Which database server runs, and where its data are; absent where it is somebody's own. */
  readonly server?: string;
  stop(): Promise<void>;
}

/** Starts the embedded environment for one command; `stop` ends all of it. Throws what its parts throw. */
export async function startLocalTarget(world: World, choice: LocalChoice = {}): Promise<LocalTarget> {
  const environment = await startEnvironment(world, choice);
  // Interrupted on the way: nobody is left to stop it, and what it started must not stay behind.
  if (world.interrupts.first.aborted) await environment.stop();
  const server = serverLine(world, environment);
  return {
    endpointUrl: environment.lambdaUrl,
    functionName: "hasura-migrate-local",
    ...(server !== undefined && { server }),
    stop: () => environment.stop(),
  };
}

export async function runLocal(world: World, given: Given): Promise<Ended> {
  const [{ LocalIntent, intentFrom }, { checkTargetOptions }] = await Promise.all([
    import("../intents.ts"),
    import("../target-options.ts"),
  ]);
  const intent = intentFrom(LocalIntent, given, "local");
  checkTargetOptions("local", intent, world.argv);
  if (intent.serve) return serve(world, intent);
  const { operate } = await import("../operate.ts");
  return operate(world, intent, { operation: "apply", changes: true, options: {}, reset: intent.reset });
}

type LocalEnvironment = Awaited<ReturnType<typeof startEnvironment>>;

async function startEnvironment(world: World, { migrations, databaseUrl, reset, debug }: LocalChoice) {
  const { startLocalEnvironment } = await import("../../local/environment.ts");
  return startLocalEnvironment({
    cwd: world.cwd,
    ...(migrations !== undefined && { migrations }),
    ...(databaseUrl !== undefined && { databaseUrl }),
    ...(reset !== undefined && { reset }),
    ...(debug && { log: (text: string) => world.err.write(text.endsWith("\n") ? text : `${text}\n`) }),
  });
}

/** `PostgreSQL 15.14 of /usr/lib/postgresql/15/bin, data in .hasura-migrate/data`. */
function serverLine(world: World, { server }: Pick<LocalEnvironment, "server">): string | undefined {
  if (!server) return undefined;
  const inside = relative(world.cwd, server.data);
  return `${server.description}, data in ${inside.startsWith("..") ? server.data : inside}`;
}

/** Keeps both services up until the first signal, and then ends them: a served environment has no run of its own to finish. */
async function serve(world: World, intent: LocalChoice & { readonly json?: boolean | undefined }): Promise<Ended> {
  const environment = await startEnvironment(world, intent);
  const { lambdaUrl, hasuraUrl, adminSecret, databaseUrl } = environment;
  const server = serverLine(world, environment);
  try {
    world.out.write(
      intent.json
        ? `${JSON.stringify({ type: "serving", env: "local", lambdaUrl, hasuraUrl, adminSecret, databaseUrl, ...(server !== undefined && { server }) })}\n`
        : servingText(environment, server),
    );
    await aborted(world.interrupts.first);
  } finally {
    await environment.stop();
  }
  return "done";
}

function servingText(it: LocalEnvironment, server: string | undefined): string {
  return `Lambda    ${it.lambdaUrl}
Hasura    ${it.hasuraUrl}
Secret    ${it.adminSecret}
Postgres  ${it.databaseUrl}${server === undefined ? "" : `\n          ${server}`}

From another terminal, with any environment's name:
  hasura-migrate dev-1 --endpoint-url ${it.lambdaUrl}
  hasura migrate status --endpoint ${it.hasuraUrl} --admin-secret ${it.adminSecret} --database-name default

Ctrl-C ends both.
`;
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
