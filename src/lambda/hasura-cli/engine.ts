import type { EngineContext } from "../../engine/context.ts";
import { hasuraFailure } from "../../engine/hasura/errors.ts";
import type { Project } from "../../engine/project/project.ts";
import { warn } from "../../engine/emit.ts";
import type { DatabaseStatus, RunEvent } from "../../protocol/events.ts";
import { Failure, toFailureData } from "../../protocol/failure.ts";
import type { Operation } from "../../protocol/operations.ts";
import type { Request } from "../../protocol/request.ts";
import type { AdminSecret } from "../secrets/admin-secret.ts";
import { cliStore } from "./cli-store.ts";
import { findBinary } from "./find-binary.ts";
import { hasuraCli, type HasuraCli } from "./hasura-cli.ts";
import { differences, wholeProject } from "./status-check.ts";
import { makeWorkspace } from "./workspace.ts";

/** What the engine needs of the machine. */
export interface HasuraCliContext {
  /** Where the binary is looked for, in this order. */
  readonly directories: readonly string[];
  /** What the CLI gets to see of our environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Where files may be written. */
  readonly temporaryDirectory: string;
}

type Execute = (request: Request, engine: EngineContext) => Promise<void>;

interface Options {
  readonly world: HasuraCliContext;
  readonly endpoint: URL;
  readonly adminSecret: AdminSecret;
  readonly redact: (text: string) => string;
  /** The engine itself; only its books are others. */
  readonly execute: Execute;
}

/** What this engine serves. The official CLI knows no runs: neither past ones nor one to cancel. */
export const servedByCli: readonly Operation[] = [
  "apply",
  "down",
  "redo",
  "status",
  "plan",
  "mark",
  "ping",
];

const promise =
  "The official Hasura CLI runs the migrations: a migration and its record are two steps, so exactly-once is not promised when one of them is lost.";

/**
 * The engine `hasura-cli`: everything as in the native one (plan, order, events, failures), but each migration is run and
 * recorded by the official binary. Throws usage/engine-not-available at once where there is none. The function it answers throws a
 * `Failure` for what keeps a run from beginning.
 */
export function hasuraCliEngine({
  world,
  endpoint,
  adminSecret,
  redact,
  execute,
}: Options): Execute {
  const binary = findBinary(world.directories);
  return async (request, engine) => {
    if (!servedByCli.includes(request.operation)) throw notServed(request.operation);
    const workspace = await makeWorkspace(world.temporaryDirectory);
    try {
      const cli = hasuraCli({
        binary,
        endpoint,
        adminSecret,
        environment: world.environment,
        workspace,
        redact,
        engine,
      });
      await warn(engine, "hasura-cli-engine", `${promise} (hasura ${await cli.version()})`);
      await execute(request, withCli(engine, cli));
    } finally {
      await workspace.remove();
    }
  };
}

function withCli(engine: EngineContext, cli: HasuraCli): EngineContext {
  let reading: Promise<Project> | undefined;
  const project = (): Promise<Project> => (reading ??= engine.project());
  const checked = statusChecker(engine, project, cli);
  return {
    ...engine,
    project,
    openStore: async (database, context) =>
      cliStore(database, context, { cli, project: await project() }),
    emit: async (event) => engine.emit(await checked(event)),
  };
}

/**
 * Holds a status against what the official CLI says before it is shown: where the two differ is a warning, and a CLI that cannot
 * answer is the run's failure, since it could not apply either.
 */
function statusChecker(
  engine: EngineContext,
  project: () => Promise<Project>,
  cli: HasuraCli,
): (event: RunEvent) => Promise<RunEvent> {
  let failure: unknown;
  const check = async (status: DatabaseStatus): Promise<void> => {
    const table = await cli.status(wholeProject(await project(), status.database));
    const versions = differences(status, table);
    if (versions.length === 0) return;
    await warn(
      engine,
      "status-differs",
      `The official CLI says otherwise of ${status.database}: ${versions.join(", ")}.`,
    );
  };
  return async (event) => {
    if (event.type === "run.finished" && failure !== undefined) {
      const { applied, notReached, tookMs } = event;
      return { type: "run.failed", applied, notReached, tookMs, failure: toFailureData(failure) };
    }
    if (event.type !== "status") return event;
    try {
      for (const status of event.databases) await check(status);
    } catch (error) {
      failure = hasuraFailure(error, "asking the official CLI for its status");
    }
    return event;
  };
}

function notServed(operation: Operation): Failure {
  return new Failure(
    "usage",
    "not-with-hasura-cli",
    `${operation} is not possible where the official CLI runs the migrations.`,
    {
      hints: ["set HASURA_MIGRATE_ENGINE=native in the function's environment, or leave it out"],
    },
  );
}
