import { Failure } from "../../protocol/failure.ts";
import { retryHint } from "../../protocol/hint.ts";
import type { RequestOf } from "../../protocol/request.ts";
import type { EngineContext } from "../context.ts";
import { emit, warn } from "../emit.ts";
import { hasuraFailure } from "../hasura/errors.ts";
import { refuseOtherPlan } from "../plan/fingerprint.ts";
import { unconnectedDatabase } from "../project/unknown-database.ts";
import { emptyProject, type Project } from "../project/project.ts";
import type { SeedFile } from "../project/seeds.ts";
import { configVersionDiffers, imageProject } from "../project/uploaded-project.ts";
import { nothingDone, type RunResult, type RunStop } from "../run-result.ts";
import { confirmCommits, isUnreachable } from "../run/confirm-commits.ts";
import type { Slice } from "../run/stop-before.ts";
import { planSeeds, refuseSeeds, type SeedDatabase, type SeedPlan } from "../seeds/plan-seeds.ts";
import { runSeeds, type SeedsResult } from "../seeds/run-seeds.ts";
import { selectSeeds } from "../seeds/select-seeds.ts";
import type { EngineSession } from "../session.ts";

type SeedRequest = RequestOf<"seed">;

/** Maximum number of plans per run, if somebody else keeps running seeds. */
const mostPlans = 20;

/** Seeds to run, and the project whose databases they are for. */
interface SelectedSeeds {
  readonly files: readonly SeedFile[];
  readonly project: Project;
}

/**
 * Finds the seeds that a request means, before anything else is read. Warns about oddities. Throws what `projectSeeds` and
 * `selectSeeds` do, and `usage/config-version-differs`.
 */
export async function selectedSeeds(
  { options: { database, files } }: SeedRequest,
  engine: EngineContext,
): Promise<SelectedSeeds> {
  if (!engine.projectSeeds) throw new Error("the seeds of the project cannot be read");
  const seeds = await engine.projectSeeds();
  for (const { code, message } of seeds.notices) await warn(engine, code, message);
  const selected = selectSeeds(seeds, { database, files });
  const { configVersion } = seeds;
  const image = (await imageProject(engine.project)) ?? emptyProject(configVersion);
  if (image.databases.size > 0 && image.configVersion !== configVersion)
    throw configVersionDiffers(image.configVersion, configVersion);
  // Warnings about its migrations do not matter here.
  return { files: selected, project: { ...image, configVersion, notices: [] } };
}

/** `seed`: runs the selected seeds, each in a transaction of its own with its record. */
export async function runSelected(
  request: SeedRequest,
  files: readonly SeedFile[],
  session: EngineSession,
  engine: EngineContext,
): Promise<RunResult> {
  const { environment, runId } = request;
  const { again = false, dryRun = false, expectedPlan, sliceMs } = request.options;
  const databases = databasesOf(files, session);
  const options = { runId, again };
  const plan = await planSeeds(databases, options);
  if (dryRun) {
    await emitPlan(plan, true, engine);
    refuseSeeds(plan, { environment, again });
    return nothingDone;
  }
  refuseSeeds(plan, { environment, again });
  refuseOtherPlan(plan.fingerprint, expectedPlan);
  await warnUnrecorded(plan, engine);
  await emitPlan(plan, false, engine);
  await emitSkipped(plan, engine);
  const untilMs = sliceMs === undefined ? undefined : engine.now() + sliceMs;
  return runUntilDone({
    plan,
    environment,
    engine,
    slice: { untilMs, progressed: false, resumable: true },
    planAgain: async () => {
      for (const { store } of databases) await store.read();
      const next = await planSeeds(databases, options);
      refuseSeeds(next, { environment, again });
      return next;
    },
    confirm: () => confirmAll(databases, engine),
  });
}

interface SeedRun {
  readonly plan: SeedPlan;
  readonly environment: string;
  readonly slice: Slice;
  readonly engine: EngineContext;
  readonly planAgain: () => Promise<SeedPlan>;
  /** Returns how many seeds that were reported as done are not. */
  readonly confirm: () => Promise<number>;
}

/** Runs a plan, and plans again if the records have changed since, or if a commit that Hasura confirmed did not happen. */
async function runUntilDone(run: SeedRun): Promise<RunResult> {
  const { environment, engine } = run;
  let { plan, slice } = run;
  let applied = 0;
  for (let plans = 1; ; plans += 1) {
    const result = await runSeeds({ steps: plan.steps, environment, slice, engine });
    applied += result.applied;
    const { notReached } = result;
    slice = result.slice;
    const stop = finalStop(result);
    if (stop?.stop === "failed" && isUnreachable(stop.failure))
      return { applied, notReached, stop };
    try {
      const lost = await run.confirm();
      applied -= lost;
      if (stop) return { applied, notReached, stop };
      if (result.stop === undefined && lost === 0) return { applied, notReached };
      if (plans >= mostPlans) throw keepsChanging();
      plan = await run.planAgain();
      await emitPlan(plan, false, engine);
    } catch (failure) {
      return { applied, notReached, stop: failedBefore(stop) ?? failed(failure) };
    }
  }
}

/** A failure that came before another one; a cancellation or a pause does not hide it. */
function failedBefore(stop: RunStop | undefined): RunStop | undefined {
  return stop?.stop === "failed" ? stop : undefined;
}

function failed(failure: unknown): RunStop {
  return { stop: "failed", failure };
}

function finalStop({ stop }: SeedsResult): RunStop | undefined {
  return stop?.stop === "replan" ? undefined : stop;
}

/** The databases of the seeds, in the order of Hasura's metadata. */
function databasesOf(files: readonly SeedFile[], { databases }: EngineSession): SeedDatabase[] {
  const names = databases.map(({ database }) => database.name);
  const unknown = files.find(({ database }) => !names.includes(database));
  if (unknown) throw unconnectedDatabase(unknown.database, names, "seeds");
  return databases.flatMap((state) => {
    const own = files.filter(({ database }) => database === state.database.name);
    const { database, store } = state;
    return own.length === 0 ? [] : [{ database, store, seeds: store.seeds, files: own }];
  });
}

async function emitPlan(plan: SeedPlan, dryRun: boolean, engine: EngineContext): Promise<void> {
  const { fingerprint, databases } = plan;
  await emit(engine, {
    type: "seed.plan",
    ...(dryRun && { dryRun }),
    fingerprint,
    databases: [...databases],
  });
}

async function emitSkipped({ skipped }: SeedPlan, engine: EngineContext): Promise<void> {
  for (const { database, item } of skipped)
    await emit(engine, {
      type: "seed.skipped",
      ...{ database, seed: item.seed },
      reason: "has already been run and is unchanged",
    });
}

async function warnUnrecorded({ databases }: SeedPlan, engine: EngineContext): Promise<void> {
  const names = databases.filter(({ recorded }) => !recorded).map(({ database }) => database);
  if (names.length > 0)
    await warn(
      engine,
      "seeds-not-recorded",
      `${names.join(", ")}: there is no ledger, so these seeds are not recorded, and if a response is lost, it is not known whether the seed was run.`,
    );
}

/** Confirms what the stores have reported as done; returns how many seeds are not. */
function confirmAll(databases: readonly SeedDatabase[], engine: EngineContext): Promise<number> {
  const reported = databases.map(({ database, seeds }) => ({
    database: database.name,
    confirm: () => confirmed(seeds, database.name),
  }));
  return confirmCommits(reported, engine);
}

async function confirmed(
  seeds: SeedDatabase["seeds"],
  database: string,
): Promise<readonly string[]> {
  try {
    return await seeds.confirm();
  } catch (error) {
    throw hasuraFailure(error, `confirming which seeds were run in ${database}`);
  }
}

function keepsChanging(): Failure {
  return new Failure("busy", "plan-outdated", "Other runs keep changing the database.", {
    hints: [retryHint({ reason: "run it again when the other runs have ended" })],
  });
}
