import type { EngineContext } from "../../engine/context.ts";
import { hasuraFailure } from "../../engine/hasura/errors.ts";
import type { Project } from "../../engine/project/project.ts";
import { warn } from "../../engine/emit.ts";
import type { DatabaseStatus } from "../../protocol/status-rows.ts";
import type { Failure } from "../../protocol/failure.ts";
import type { Operation } from "../../protocol/operations.ts";
import type { Request } from "../../protocol/request.ts";
import type { StoredSecret } from "../secrets/stored-secret.ts";
import { cliStore } from "./cli-store.ts";
import { findBinary } from "./find-binary.ts";
import { hasuraCli, type HasuraCli } from "./hasura-cli.ts";
import { differences, wholeProject } from "./status-check.ts";
import { metadataWithCli } from "./metadata-with-cli.ts";
import { notWithHasuraCli } from "./not-with-hasura-cli.ts";
import { makeWorkspace } from "./workspace.ts";

/** The machine that the official CLI runs on. */
export interface HasuraCliContext {
  /** Where the binary is searched, in this order. */
  readonly directories: readonly string[];
  /** The environment variables of the CLI. */
  readonly environment: Readonly<Record<string, string>>;
  /** Where files may be written. */
  readonly temporaryDirectory: string;
}

type Execute = (request: Request, engine: EngineContext) => Promise<void>;

interface HasuraCliEngineOptions {
  readonly machine: HasuraCliContext;
  readonly endpoint: URL;
  readonly adminSecret: StoredSecret;
  readonly redact: (text: string) => string;
  /** The native engine; only its migration stores are replaced. */
  readonly execute: Execute;
}

/** Operations of this engine. The official CLI has no record of runs: it can neither list nor cancel them. */
export const cliOperations: readonly Operation[] = [
  "apply",
  "down",
  "redo",
  "status",
  "plan",
  "mark",
  "seed",
  "locks",
  "sql",
  "metadata-diff",
  "metadata-export",
  "metadata-apply",
  "metadata-reload",
  "metadata-status",
  "doctor",
  "ping",
];

const weakerGuarantee =
  "The official Hasura CLI makes the changes: a migration and its record are separate steps, and metadata is replaced without a check of its version, so exactly-once is not guaranteed if a request is lost.";

/**
 * The engine `hasura-cli`: everything as in the native engine (plan, order, events, failures), but each migration is run and
 * recorded by the official binary. Throws usage/engine-not-available if there is none. The returned function throws a `Failure` for
 * anything that keeps a run from starting.
 */
export function hasuraCliEngine(options: HasuraCliEngineOptions): Execute {
  const { machine, endpoint, adminSecret, redact, execute } = options;
  const binary = findBinary(machine.directories);
  return async (request, engine) => {
    if (!cliOperations.includes(request.operation)) throw notServed(request.operation);
    const workspace = await makeWorkspace(machine.temporaryDirectory);
    try {
      const cli = hasuraCli({
        binary,
        endpoint,
        adminSecret,
        environment: machine.environment,
        workspace,
        redact,
        engine,
      });
      const version = await cli.version();
      await warn(engine, "hasura-cli-engine", `${weakerGuarantee} (hasura ${version})`);
      await execute(request, withCli(engine, cli));
    } finally {
      await workspace.remove();
    }
  };
}

function withCli(engine: EngineContext, cli: HasuraCli): EngineContext {
  let reading: Promise<Project> | undefined;
  const project = (): Promise<Project> => (reading ??= engine.project());
  return {
    ...engine,
    hasura: metadataWithCli(engine.hasura, cli),
    project,
    openStore: async (database, context) =>
      cliStore(database, context, { cli, project: await project() }),
    verifyStatus: async (databases) => verifyStatus(databases, await project(), cli, engine),
  };
}

/**
 * Compares a status with the official CLI's, and warns about differences. If the CLI cannot report its status, it could not apply
 * anything either: that is thrown.
 */
async function verifyStatus(
  databases: readonly DatabaseStatus[],
  project: Project,
  cli: HasuraCli,
  engine: EngineContext,
): Promise<void> {
  for (const status of databases) {
    const table = await cli
      .status(wholeProject(project, status.database))
      .catch((error: unknown) => {
        throw hasuraFailure(error, "reading the official CLI's status");
      });
    const versions = differences(status, table);
    if (versions.length > 0)
      await warn(
        engine,
        "status-differs",
        `The official CLI reports a different state in ${status.database} for ${versions.join(", ")}.`,
      );
  }
}

function notServed(operation: Operation): Failure {
  return notWithHasuraCli(operation === "inventory" ? "an upload" : operation);
}
