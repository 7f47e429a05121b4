import type { DatabasePlan, PlanItem } from "../../protocol/plan-items.ts";
import type { EngineContext } from "../context.ts";
import { warn } from "../emit.ts";
import type { SqlResult } from "../hasura/client.ts";
import { hasuraFailure } from "../hasura/errors.ts";
import { isPostgres } from "../hasura/source-kinds.ts";
import type { DatabaseState } from "../session.ts";
import type { FileAssessment, ReadFacts, TableFacts } from "./assessment.ts";
import { definitionsSql, readDefinitions } from "./definitions.ts";
import { existingObjectsSql, readExistingObjects } from "./object-facts.ts";
import type { PreparedPlan, ReadyStep } from "./prepare-plan.ts";
import { readTableFacts, tableFactsSql } from "./table-facts.ts";

/**
 * The plan with what its statements do to existing tables, and the sizes of those. Files or sizes that cannot be examined are reported in
 * the plan or as a warning; they are no failure.
 */
export async function assessPlan(
  plan: PreparedPlan,
  states: readonly DatabaseState[],
  engine: EngineContext,
): Promise<PreparedPlan> {
  const assessments = new Map<ReadyStep, FileAssessment>();
  for (const state of states) {
    const own = plan.steps.filter(
      ({ database, replaces }) => database.name === state.database.name && replaces === undefined,
    );
    for (const [step, assessment] of await assessed(own, state, engine))
      assessments.set(step, state.isUnconnected ? withoutNeeds(assessment) : assessment);
  }
  const steps = plan.steps.map((step): ReadyStep => {
    const found = assessments.get(step);
    if (found === undefined) return step;
    const { isSensitive, removals } = found;
    return {
      ...step,
      item: withAssessment(step.item, found),
      isSensitive,
      ...(removals && { removals }),
    };
  });
  return { ...plan, steps, databases: plan.databases.map((each) => withItems(each, steps)) };
}

async function assessed(
  steps: readonly ReadyStep[],
  { database, store }: DatabaseState,
  engine: EngineContext,
): Promise<(readonly [ReadyStep, FileAssessment])[]> {
  const { assess } = engine;
  if (assess === undefined || steps.length === 0 || !isPostgres(database.kind)) return [];
  const read: ReadFacts = {
    tables: async (names, cascading) => {
      try {
        const answer = await store.query?.(tableFactsSql(names, cascading));
        const facts = answer && readTableFacts(names, answer);
        return database.kind === "citus" ? facts && withoutSizes(facts) : facts;
      } catch (error) {
        const why = textOf(hasuraFailure(error, "reading the sizes of tables"));
        await warn(
          engine,
          "sizes-unknown",
          `The sizes of tables in ${database.name} are not known: ${why}`,
        );
        return undefined;
      }
    },
    // Without an answer, every object counts as existing.
    objects: (objects) => lookUp(store, existingObjectsSql(objects), readExistingObjects),
    // Without an answer, types are no domains, and functions are volatile.
    definitions: (names) =>
      lookUp(store, definitionsSql(names), (answer) => readDefinitions(names, answer)),
  };
  const files = steps.map(({ direction, file }) => ({
    direction,
    sql: async () => (await file.body()).sql,
  }));
  try {
    const found = await assess(files, read);
    return steps.flatMap((step, i) => {
      const assessment = found[i];
      return assessment ? [[step, assessment] as const] : [];
    });
  } catch (error) {
    await warn(
      engine,
      "not-assessed",
      `The statements of the plan were not examined: ${textOf(error)}`,
    );
    return [];
  }
}

/** What a query finds; undefined if the store takes none, or if it failed. */
async function lookUp<T>(
  store: DatabaseState["store"],
  sql: string,
  read: (answer: SqlResult) => T,
): Promise<T | undefined> {
  try {
    const answer = await store.query?.(sql);
    return answer && read(answer);
  } catch {
    return undefined;
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The rows of a distributed table are on other servers, so its size here is that of an empty table. */
function withoutSizes(facts: ReadonlyMap<string, TableFacts>): ReadonlyMap<string, TableFacts> {
  return new Map(
    [...facts].map(([name, { definition, defaultPartition }]) => [
      name,
      { definition, ...(defaultPartition !== undefined && { defaultPartition }), isEmpty: false },
    ]),
  );
}

/**
 * The assessment without the rules that have to be allowed: in a database that is not connected yet, nobody knows which tables exist. Its
 * plan is assessed again once it is connected.
 */
function withoutNeeds(assessment: FileAssessment): FileAssessment {
  const statements = assessment.statements.map((impact) => ({ ...impact, needs: undefined }));
  return { ...assessment, statements };
}

function withAssessment(item: PlanItem, { statements, notAssessed }: FileAssessment): PlanItem {
  return {
    ...item,
    ...(statements.length > 0 && { statements: [...statements] }),
    ...(notAssessed !== undefined && { notAssessed }),
  };
}

function withItems(plan: DatabasePlan, steps: readonly ReadyStep[]): DatabasePlan {
  const own = steps.filter(({ database }) => database.name === plan.database);
  return { ...plan, items: own.map(({ item }) => item) };
}
