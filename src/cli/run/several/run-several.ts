import pLimit from "p-limit";
import { Failure } from "../../../protocol/failure.ts";
import { textHint } from "../../../protocol/hint.ts";
import type { LoadedConfig } from "../../config/load.ts";
import { SharedCredentials } from "../../connection/aws/shared-credentials.ts";
import type { CommandResult } from "../../command-result.ts";
import type { CommandContext } from "../../context.ts";
import { commandLineFor } from "../../options/command-line.ts";
import type { TargetOptions } from "../../options/schemas.ts";
import { hasDrift } from "../../output/matrix/matrix.ts";
import { isGithubJob, writeJobPage } from "../../output/github/job-page.ts";
import { createSeveralRenderer } from "../../output/several/create-several-renderer.ts";
import type { Report } from "../../output/several/report.ts";
import type { SeveralRenderer } from "../../output/several/several-renderer.ts";
import { localMigrations } from "../../project/local-migrations.ts";
import { localDirectories } from "../../upload/local-directories.ts";
import { actorOf } from "../actor.ts";
import type { ReadLocal } from "../compare-image.ts";
import type { Consent } from "../confirm.ts";
import {
  outputOptions,
  prepareRun,
  presenterOf,
  type OperationSpec,
  type PreparedRun,
} from "../environment-run.ts";
import { finish, pageWriter } from "./finish.ts";
import { confirmPlans } from "./confirm-plans.ts";
import { consentsOf } from "./consents.ts";
import { runStages } from "./run-stages.ts";
import { reportFor } from "./report-for.ts";
import { Member, type ForEachMember, type SharedParts } from "./member.ts";
import { worstResult } from "./worst-result.ts";

/** How many environments are worked on at once where `--concurrency` does not say: fewer where something is changed. */
const defaultConcurrency = { changing: 4, reading: 10 } as const;

interface Selected {
  readonly stages: readonly (readonly string[])[];
  readonly loaded: LoadedConfig;
}

/**
 * Runs one operation on several environments, stage by stage, a bounded number at once. One that fails does not end the others;
 * the worst result is the command's. Throws usage failures that are known before anything is contacted.
 */
export async function runSeveral(
  context: CommandContext,
  options: TargetOptions,
  spec: OperationSpec,
  { stages, loaded }: Selected,
): Promise<CommandResult> {
  refuseSharedFunction(options);
  const environments = stages.flat();
  const readLocal = onlyOnce(() => localMigrations(context.cwd, context.home));
  const directories = localDirectories(context);
  const prepared = environments.map((environment) =>
    prepareRun(context, options, spec, { environment, loaded, directories }),
  );
  const consents = consentsOf(context, prepared, options);
  const changes = prepared.some((run) => run.changes);
  const writePage = await pageWriter(context, spec);
  const renderer = await createSeveralRenderer(context, {
    environments,
    ...outputOptions(options, spec),
    full: spec.report?.kind === "matrix" && spec.report.full,
    markdown: spec.report?.markdown ?? false,
  });
  const shared: SharedParts = {
    ...{ options, spec, renderer, now: context.now },
    actor: actorOf(context, changes),
    credentials: new SharedCredentials(),
  };
  const members = consents.map((each) => memberOf({ ...each, readLocal }, context, shared));
  const limit = pLimit(
    options.concurrency ?? (changes ? defaultConcurrency.changing : defaultConcurrency.reading),
  );
  const forEach: ForEachMember = async (some, work) => {
    await Promise.all(some.map((member) => limit(() => work(member))));
  };
  try {
    await confirmPlans(members, { context, spec, renderer, forEach });
    renderer.begin();
    await runStages(members, { stages, context, shared, forEach });
    const report = await reportFor(spec.report, renderer.views.all, {
      readLocal,
      now: context.now(),
      severities: loaded.config.lint?.rules,
    });
    const differs = spec.checks === true && report?.kind === "matrix" && hasDrift(report.matrix);
    const result = await finish(resultOfAll(members, context, differs), {
      ...{ context, options, renderer, report, writePage },
    });
    await reportToGithub(context, members, { operation: spec.operation, renderer, report });
    return result;
  } finally {
    shared.credentials.close();
    await Promise.all(members.map((member) => member.close()));
    renderer.close();
  }
}

/** In GitHub Actions: the page of the job, and marks at the files that a plan has remarks about. */
async function reportToGithub(
  context: CommandContext,
  members: readonly Member[],
  of: {
    readonly operation: string;
    readonly renderer: SeveralRenderer;
    readonly report: Report | undefined;
  },
): Promise<void> {
  if (!isGithubJob(context)) return;
  const { operation, renderer, report } = of;
  const { severalSection } = await import("../../output/github/several-page.ts");
  if (report?.kind === "plans") {
    const { annotatePlans } = await import("../../output/github/plan-annotations.ts");
    annotatePlans(context, report.plans);
  }
  const own = members.filter(({ presenter }) => presenter.hasRunMigrations);
  await writeJobPage(context, [
    severalSection(operation, renderer.views.all, { report, now: context.now() }),
    ...own.map(({ presenter }) => presenter.section()),
  ]);
}

/** The project here is read at most once, however many environments are compared with it. */
function onlyOnce(read: ReadLocal): ReadLocal {
  let reading: ReturnType<ReadLocal> | undefined;
  return () => (reading ??= read());
}

function memberOf(
  of: { readonly run: PreparedRun; readonly consent: Consent; readonly readLocal: ReadLocal },
  context: CommandContext,
  shared: SharedParts,
): Member {
  const { run: prepared, consent, readLocal } = of;
  const { environment } = prepared;
  const { spec, options, renderer } = shared;
  // Commands that are suggested are about this environment alone.
  const own = { ...context, commandLine: commandLineFor(environment, context.commandLine) };
  const presenter = presenterOf(own, renderer.member(environment), {
    ...{ environment, spec, options },
    readLocal: async () => (prepared.upload ? undefined : readLocal()),
  });
  return new Member(own, shared, { prepared, presenter, consent });
}

function resultOfAll(
  members: readonly Member[],
  context: CommandContext,
  differs = false,
): CommandResult {
  const results = members.flatMap(({ result }) => result ?? []);
  // Ctrl-C before the others were started.
  const isCutShort = results.length < members.length && context.interrupts.first.aborted;
  return worstResult([
    ...results,
    ...(isCutShort ? (["interrupted"] as const) : []),
    ...(differs ? (["differs"] as const) : []),
  ]);
}

/** One function for several environments would be run once for each of their names. */
function refuseSharedFunction({ function: name }: TargetOptions): void {
  if (name === undefined || name.includes("{env}")) return;
  throw new Failure(
    "usage",
    "one-function-for-several",
    `--function ${name} would call the same function for every environment.`,
    {
      hints: [
        textHint(
          "Use {env} in place of the environment's name, for instance: --function team-{env}-migrate",
        ),
      ],
    },
  );
}
