import { relative } from "node:path";
import type { Command } from "commander";
import type { CommandResult } from "../command-result.ts";
import type { RawOptions, RunCommand } from "../program.ts";
import type { CliContext } from "../context.ts";

export function declareLocal(program: Command, run: RunCommand): void {
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
    .action((_flags: object, command: Command) =>
      run({ ...command.optsWithGlobals(), environments: ["local"] }),
    );
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
export async function startLocalTarget(
  context: CliContext,
  choice: LocalChoice = {},
): Promise<LocalTarget> {
  const environment = await startEnvironment(context, choice);
  // Interrupted on the way: nobody is left to stop it, and what it started must not stay behind.
  if (context.interrupts.first.aborted) await environment.stop();
  const server = serverLine(context, environment);
  return {
    endpointUrl: environment.lambdaUrl,
    functionName: "hasura-migrate-local",
    ...(server !== undefined && { server }),
    stop: () => environment.stop(),
  };
}

export async function runLocal(context: CliContext, given: RawOptions): Promise<CommandResult> {
  const [{ LocalOptions, parseOptions }, { checkTargetOptions }] = await Promise.all([
    import("../options/schemas.ts"),
    import("../options/target-options.ts"),
  ]);
  const intent = parseOptions(LocalOptions, given, "local");
  checkTargetOptions("local", intent, context.argv);
  if (intent.serve) return serve(context, intent);
  const { runOperation } = await import("../run/run-operation.ts");
  return runOperation(context, intent, {
    operation: "apply",
    changes: true,
    options: {},
    reset: intent.reset,
  });
}

type LocalEnvironment = Awaited<ReturnType<typeof startEnvironment>>;

async function startEnvironment(
  context: CliContext,
  { migrations, databaseUrl, reset, debug }: LocalChoice,
) {
  const { startLocalEnvironment } = await import("../../local/environment/index.ts");
  return startLocalEnvironment({
    cwd: context.cwd,
    ...(migrations !== undefined && { migrations }),
    ...(databaseUrl !== undefined && { databaseUrl }),
    ...(reset !== undefined && { reset }),
    ...(debug && {
      log: (text: string) => context.err.write(text.endsWith("\n") ? text : `${text}\n`),
    }),
  });
}

/** `PostgreSQL 15.14 of /usr/lib/postgresql/15/bin, data in .hasura-migrate/data`. */
function serverLine(
  context: CliContext,
  { server }: Pick<LocalEnvironment, "server">,
): string | undefined {
  if (!server) return undefined;
  const inside = relative(context.cwd, server.data);
  return `${server.description}, data in ${inside.startsWith("..") ? server.data : inside}`;
}

/** Keeps both services up until the first signal, and then ends them: a served environment has no run of its own to finish. */
async function serve(
  context: CliContext,
  intent: LocalChoice & { readonly json?: boolean | undefined },
): Promise<CommandResult> {
  const environment = await startEnvironment(context, intent);
  const { lambdaUrl, hasuraUrl, adminSecret, databaseUrl } = environment;
  const server = serverLine(context, environment);
  try {
    context.out.write(
      intent.json
        ? `${JSON.stringify({ type: "serving", env: "local", lambdaUrl, hasuraUrl, adminSecret, databaseUrl, ...(server !== undefined && { server }) })}\n`
        : servingText(environment, server),
    );
    await aborted(context.interrupts.first);
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
  return new Promise((resolve) =>
    signal.addEventListener("abort", () => resolve(), { once: true }),
  );
}
