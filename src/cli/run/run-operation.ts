import { Failure } from "../../protocol/failure.ts";
import type { Operation } from "../../protocol/operations.ts";
import { loadConfig, type LoadedConfig } from "../config/load.ts";
import { selectEnvironments } from "../config/select-environments.ts";
import type { CommandResult } from "../command-result.ts";
import type { CommandContext } from "../context.ts";
import type { TargetOptions } from "../options/schemas.ts";
import { createRenderer } from "../output/create-renderer.ts";
import { writeJobPage } from "../output/github/job-page.ts";
import { localMigrations } from "../project/local-migrations.ts";
import { actorOf } from "./actor.ts";
import { consentOf, type Consent } from "./confirm.ts";
import {
  connectRun,
  outputOptions,
  performRun,
  prepareRun,
  presenterOf,
  type OperationSpec,
  type PreparedRun,
} from "./environment-run.ts";
import type { RunPresenter } from "./run-presenter.ts";

/**
 * Runs one operation on the environments that were named, from their names to the command's result: configuration, confirmation,
 * credentials, run, output. Throws usage failures that are known before anything is shown; later ones are shown and returned.
 */
export async function runOperation<O extends Operation>(
  context: CommandContext,
  options: TargetOptions,
  spec: OperationSpec<O>,
): Promise<CommandResult> {
  const loaded = await loadConfig(context, options.config);
  const selected = selectEnvironments(options, loaded, {
    operation: spec.operation,
    commandTyped: context.commandLine.commandTyped,
    commands: context.commandLine.commands,
  });
  if (selected.kind === "one" && !wantsReport(spec))
    return runOne(context, options, spec, { environment: selected.environment, loaded });
  const { runSeveral } = await import("./several/run-several.ts");
  const stages = selected.kind === "one" ? [[selected.environment]] : selected.stages;
  return runSeveral(context, options, spec, { stages, loaded });
}

/** True if even one environment is shown as several are. */
function wantsReport({ report }: OperationSpec): boolean {
  return (
    report?.markdown === true ||
    (report?.kind === "matrix" && (report.full || report.html !== undefined))
  );
}

async function runOne(
  context: CommandContext,
  options: TargetOptions,
  spec: OperationSpec,
  of: { readonly environment: string; readonly loaded: LoadedConfig },
): Promise<CommandResult> {
  const { environment } = of;
  const prepared = prepareRun(context, options, spec, of);
  const consent = consentOf(context, { ...prepared, yes: options.yes, json: options.json });
  const renderer = await createRenderer(context, {
    environment,
    ...outputOptions(options, spec),
  });
  const presenter = presenterOf(context, renderer, {
    ...{ environment, spec, options },
    readLocal: () => localMigrations(context.cwd, context.home),
  });
  try {
    return await connectAndPerform(context, options, spec, { prepared, consent, presenter });
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    await presenter.failed(thrown);
    return thrown.kind;
  } finally {
    presenter.close();
    await writeJobPage(context, [presenter.section()]);
  }
}

async function connectAndPerform(
  context: CommandContext,
  options: TargetOptions,
  spec: OperationSpec,
  run: {
    readonly prepared: PreparedRun;
    readonly consent: Consent;
    readonly presenter: RunPresenter;
  },
): Promise<CommandResult> {
  const { prepared, consent, presenter } = run;
  const [actor, connection] = await Promise.all([
    actorOf(context, prepared.changes),
    connectRun(context, options, spec, run),
  ]);
  try {
    return await performRun(context, spec, { prepared, presenter, connection, actor }, consent);
  } finally {
    await connection.close();
  }
}
