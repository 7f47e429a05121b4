import { Failure } from "../../protocol/failure.ts";
import type { Operation } from "../../protocol/operations.ts";
import { loadConfig, type LoadedConfig } from "../config/load.ts";
import { environmentNames } from "../config/resolve-target.ts";
import { selectEnvironments, type Selected } from "../config/select-environments.ts";
import type { CommandResult } from "../command-result.ts";
import type { CommandContext } from "../context.ts";
import { commandLineNaming } from "../options/command-line.ts";
import type { TargetOptions } from "../options/schemas.ts";
import { createRenderer } from "../output/create-renderer.ts";
import { writeJobPage } from "../output/github/job-page.ts";
import { localMigrations } from "../project/local-migrations.ts";
import { actorOf } from "./actor.ts";
import { consentOf, type Consent } from "./confirm.ts";
import { whyNobodyIsAsked } from "./nobody-to-ask.ts";
import {
  connectRun,
  outputOptions,
  prepareRun,
  presenterOf,
  type OperationSpec,
  type PreparedRun,
} from "./environment-run.ts";
import { performRun } from "./perform-run.ts";
import type { RunPresenter } from "./run-presenter.ts";

/**
 * Runs one operation on the environments that were named, from their names to the command's result: configuration, confirmation,
 * credentials, run, output. Throws usage failures that are known before anything is shown; later ones are shown and returned.
 */
export async function runOperation<O extends Operation>(
  typedContext: CommandContext,
  typedOptions: TargetOptions,
  spec: OperationSpec<O>,
): Promise<CommandResult> {
  const loaded = await loadConfig(typedContext, typedOptions.config);
  const { context, options } = await withEnvironments(typedContext, typedOptions, spec, loaded);
  const selected = selectEnvironments(options, loaded, {
    operation: spec.operation,
    commandTyped: context.commandLine.commandTyped,
    commands: context.commandLine.commands,
  });
  const result = await runSelected(context, options, spec, { selected, loaded });
  if (whyNobodyIsAsked(context, options.json) === undefined) {
    const { rememberEnvironments } = await import("../picker/recent.ts");
    await rememberEnvironments(options.environments, loaded, context);
  }
  return result;
}

async function runSelected(
  context: CommandContext,
  options: TargetOptions,
  spec: OperationSpec,
  { selected, loaded }: { readonly selected: Selected; readonly loaded: LoadedConfig },
): Promise<CommandResult> {
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

/** What was typed; where that names no environment, a person chooses one from a list. */
async function withEnvironments(
  context: CommandContext,
  options: TargetOptions,
  { operation }: OperationSpec,
  loaded: LoadedConfig,
): Promise<{ readonly context: CommandContext; readonly options: TargetOptions }> {
  const typed = { context, options };
  if (namesAny(options) || environmentNames(loaded).length === 0) return typed;
  if (whyNobodyIsAsked(context, options.json) !== undefined) return typed;
  const { pickEnvironments } = await import("../picker/pick-environments.ts");
  const named = await pickEnvironments(context, options, loaded, operation);
  const commandLine = commandLineNaming(named, context.commandLine);
  return {
    context: { ...context, commandLine },
    options: {
      ...options,
      ...named,
      environments: [...named.environments],
      group: [...named.group],
      then: [],
    },
  };
}

function namesAny({ environments, all, group, then }: TargetOptions): boolean {
  return all === true || environments.length + group.length + then.length > 0;
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
    // Uploaded migrations need not be compared with the image.
    readLocal: async () =>
      prepared.upload ? undefined : localMigrations(context.cwd, context.home),
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
    // An upload says itself what its working copy is.
    actorOf(context, prepared.changes && !prepared.upload),
    connectRun(context, options, spec, run),
  ]);
  try {
    return await performRun(context, spec, { prepared, presenter, connection, actor }, consent);
  } finally {
    await connection.close();
  }
}
