import { Failure } from "../../protocol/failure.ts";
import type { CommandResult } from "../command-result.ts";
import { keepLocalKey } from "../connection/local-keys.ts";
import { serverLine, startEnvironment } from "../connection/local.ts";
import type { CliContext } from "../context.ts";
import type { LocalOptions } from "../options/schemas.ts";
import { jsonLine } from "../output/json-line.ts";
import { untilAborted } from "../run/until-aborted.ts";
import type { CommandModule } from "./command.ts";
import { addLocalOptions } from "./shared-options.ts";

export const local: CommandModule = {
  declare(program) {
    const command = program
      .command("local")
      .summary("apply to an embedded PostgreSQL on this machine")
      .description(
        "Apply the project in the working directory to an embedded PostgreSQL, using the same function as everywhere else. " +
          "The other commands also accept local as an environment.",
      )
      .example("local")
      .example("local --reset")
      .example("status local")
      .option("--reset", "drop the embedded database first")
      .option("--serve", "keep the local Lambda and Hasura APIs running until Ctrl-C")
      .option("--port <number>", "with --serve: port of the Hasura API (default: a free one)")
      .option("--lambda-port <number>", "with --serve: port of the Lambda API")
      .option(
        "--protected",
        "with --serve: protect the environment, to see what the function would refuse",
      );
    return addLocalOptions(command, "Options:");
  },
  operands: () => ({ environments: ["local"] }),
  async run(context, raw) {
    const [{ LocalOptions, parseOptions }, { checkTargetOptions }] = await Promise.all([
      import("../options/schemas.ts"),
      import("../options/target-options.ts"),
    ]);
    const options = parseOptions(LocalOptions, raw, context.commandLine);
    checkTargetOptions("local", context.commandLine);
    if (options.serve) return serve(context, options);
    const { runOperation } = await import("../run/run-operation.ts");
    return runOperation(context, options, {
      operation: "apply",
      options: {},
      reset: options.reset,
    });
  },
};

/** Keeps both services running until the first signal, then stops them without waiting for their runs. */
async function serve(context: CliContext, options: LocalOptions): Promise<CommandResult> {
  const served = await configuredEnvironments(context, options.config);
  const environment = await startVisibly(context, { ...options, served });
  if (context.interrupts.first.aborted) {
    await environment.stop();
    return "interrupted";
  }
  const { lambdaUrl, accessKeyId, hasuraUrl, adminSecret, databaseUrl } = environment;
  const server = serverLine(context, environment);
  const forget = await keepLocalKey(lambdaUrl, accessKeyId, context);
  try {
    const urls = { lambdaUrl, accessKeyId, hasuraUrl, adminSecret, databaseUrl };
    context.out.write(
      options.json
        ? `${jsonLine({ type: "serving", env: "local", ...urls, ...(server !== undefined && { server }) })}\n`
        : servingText(urls, server, forget !== undefined),
    );
    await untilAborted(context.interrupts.first);
  } finally {
    await forget?.();
    await environment.stop();
  }
  return "done";
}

/** Those that `envs --discover` finds at the local service. The configuration is not needed for anything else here. */
async function configuredEnvironments(
  context: CliContext,
  flag: string | undefined,
): Promise<readonly string[]> {
  const [{ loadConfig }, { environmentNames }] = await Promise.all([
    import("../config/load.ts"),
    import("../config/resolve-target.ts"),
  ]);
  try {
    return environmentNames(await loadConfig(context, flag));
  } catch (thrown) {
    if (thrown instanceof Failure) return [];
    throw thrown;
  }
}

/** Shows a spinner in a terminal, and elsewhere a line after a second, because the first start takes a while. */
async function startVisibly(
  context: CliContext,
  options: LocalOptions & { readonly served: readonly string[] },
): ReturnType<typeof startEnvironment> {
  const [{ createRenderer }, { onceAfter }] = await Promise.all([
    import("../output/create-renderer.ts"),
    import("../output/terminal/waiting-line.ts"),
  ]);
  const { json = false, quiet = false, debug = false, color } = options;
  const look = { json, quiet, debug, color };
  const renderer = await createRenderer(context, {
    ...look,
    environment: "local",
    operation: "apply",
  });
  const stopWaiting = onceAfter(renderer.silenceMs, context.every, () =>
    renderer.waiting("starting the local environment …"),
  );
  const started = new AbortController();
  // What was started on this machine has to be stopped, so an interrupt ends the wait only after that.
  context.interrupts.first.addEventListener(
    "abort",
    () =>
      renderer.notice(
        "Stopping once the local environment has started; press Ctrl-C twice more to stop immediately.",
      ),
    { signal: started.signal },
  );
  try {
    return await startEnvironment(context, options);
  } finally {
    started.abort();
    stopWaiting();
    renderer.close();
  }
}

interface ServedUrls {
  readonly lambdaUrl: string;
  readonly accessKeyId: string;
  readonly hasuraUrl: string;
  readonly adminSecret: string;
  readonly databaseUrl: string;
}

/** `keyIsKept`: other commands of this user find the access key automatically. */
function servingText(urls: ServedUrls, server: string | undefined, keyIsKept: boolean): string {
  const { lambdaUrl, accessKeyId, hasuraUrl, adminSecret, databaseUrl } = urls;
  const keys = `AWS_ACCESS_KEY_ID=${accessKeyId} AWS_SECRET_ACCESS_KEY=local`;
  return `Lambda    ${lambdaUrl}
          ${keys}
Hasura    ${hasuraUrl}
Secret    ${adminSecret}
Postgres  ${databaseUrl}${server === undefined ? "" : `\n          ${server}`}

From another terminal, with any environment name:
  ${keyIsKept ? "" : `${keys} `}hasura-migrate dev-1 --endpoint-url ${lambdaUrl}
  hasura migrate status --endpoint ${hasuraUrl} --admin-secret ${adminSecret}

Press Ctrl-C to stop.
`;
}
