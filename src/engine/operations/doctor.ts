import type { CheckState } from "../../protocol/events.ts";
import { toFailureData, type FailureData } from "../../protocol/failure.ts";
import type { RequestOf } from "../../protocol/request.ts";
import type { EngineContext } from "../context.ts";
import { emit } from "../emit.ts";
import { hasuraFailure } from "../hasura/errors.ts";
import { resolveDatabases, type ResolvedDatabase } from "../plan/resolve-databases.ts";
import type { Project } from "../project/project.ts";
import { failedRun, nothingDone, type RunResult } from "../run-result.ts";
import type { Metadata } from "../hasura/client.ts";

/** The result of a check: a value for later checks, and what is shown. */
interface Finding<T> {
  readonly value: T;
  readonly message: string;
  readonly warning?: boolean;
}

/**
 * `doctor`: makes every check that is possible from inside, in dependency order, and emits one event
 * for each. A check that depends on a failed one is reported as skipped. The run fails with the first failure.
 */
export async function checkEnvironment(
  request: RequestOf<"doctor">,
  engine: EngineContext,
): Promise<RunResult> {
  const checks = new Checks(engine);
  const project = await checks.make("project", () => checkProject(engine));
  const version = await checks.make("hasura", () => checkHasura(engine));
  const metadata = await checks.make("admin-secret", () => checkSecret(engine), version);
  await checks.make("metadata", () => checkMetadata(engine), metadata);
  const databases = await checks.make(
    "databases",
    () => checkDatabases(project?.value, metadata?.value),
    project && metadata,
  );
  for (const resolved of databases?.value ?? [])
    await checkDatabase(resolved, { checks, project: project?.value, request, engine });
  return checks.firstFailure === undefined ? nothingDone : failedRun(checks.firstFailure);
}

/** Makes checks and reports them. */
class Checks {
  readonly #engine: EngineContext;
  #firstFailure: unknown;

  constructor(engine: EngineContext) {
    this.#engine = engine;
  }

  get firstFailure(): unknown {
    return this.#firstFailure;
  }

  /** Makes a check and resolves to what it found; undefined where it failed or was skipped. `needs` is the check it depends on. */
  async make<T>(
    name: string,
    check: () => Promise<Finding<T>> | Finding<T>,
    ...needs: readonly unknown[]
  ): Promise<Finding<T> | undefined> {
    if (needs.includes(undefined)) {
      await this.#report(name, "skipped", "not checked: it depends on a check that failed", 0);
      return undefined;
    }
    const startedAt = this.#engine.now();
    try {
      const finding = await check();
      const state = finding.warning === true ? "warning" : "ok";
      await this.#report(name, state, finding.message, this.#engine.now() - startedAt);
      return finding;
    } catch (thrown) {
      const failure = hasuraFailure(thrown, `checking ${name}`);
      this.#firstFailure ??= failure;
      const data = toFailureData(failure);
      const tookMs = this.#engine.now() - startedAt;
      await this.#report(name, "failed", data.message, tookMs, data);
      return undefined;
    }
  }

  async #report(
    name: string,
    state: CheckState,
    message: string,
    tookMs: number,
    failure?: FailureData,
  ): Promise<void> {
    await emit(this.#engine, {
      ...{ type: "check", name, state, message, tookMs: Math.max(0, tookMs) },
      ...(failure && { failure }),
    });
  }
}

async function checkProject(engine: EngineContext): Promise<Finding<Project>> {
  const project = await engine.project();
  const counts = [...project.databases].map(
    ([database, migrations]) => `${String(migrations.length)} in ${database}`,
  );
  const [notice, ...others] = project.notices;
  const more = others.length > 0 ? ` (and ${String(others.length)} more)` : "";
  const words = counts.length === 0 ? "no migrations" : `migrations: ${counts.join(", ")}`;
  return {
    value: project,
    message: notice === undefined ? words : `${words}; ${notice.message}${more}`,
    warning: notice !== undefined || counts.length === 0,
  };
}

async function checkHasura({ hasura }: EngineContext): Promise<Finding<string>> {
  const version = await hasura.version();
  return { value: version, message: `responds: ${version}` };
}

async function checkSecret({ hasura }: EngineContext): Promise<Finding<Metadata>> {
  const metadata = await hasura.exportMetadata();
  return { value: metadata, message: "accepted" };
}

/** This many inconsistent objects are named; the rest are counted. */
const namedAtMost = 3;

async function checkMetadata({ hasura }: EngineContext): Promise<Finding<undefined>> {
  const objects = await hasura.inconsistentObjects();
  if (objects.length === 0) return { value: undefined, message: "consistent" };
  const names = objects.slice(0, namedAtMost).map(({ type, name }) => `${type} ${name}`);
  const more =
    objects.length > namedAtMost ? ` and ${String(objects.length - namedAtMost)} more` : "";
  return {
    value: undefined,
    message: `inconsistent: ${names.join(", ")}${more}`,
    warning: true,
  };
}

function checkDatabases(
  project: Project | undefined,
  metadata: Metadata | undefined,
): Finding<readonly ResolvedDatabase[]> {
  if (!project || !metadata) throw new Error("a database was checked without a project");
  const resolved = resolveDatabases(project, metadata, undefined);
  const names = resolved.map(({ database }) => `${database.name} (${database.kind})`);
  return {
    value: resolved,
    message: names.length === 0 ? "none is connected to Hasura" : names.join(", "),
    warning: names.length === 0,
  };
}

async function checkDatabase(
  { database }: ResolvedDatabase,
  {
    checks,
    project,
    request,
    engine,
  }: {
    readonly checks: Checks;
    readonly project: Project | undefined;
    readonly request: RequestOf<"doctor">;
    readonly engine: EngineContext;
  },
): Promise<void> {
  const name = `ledger of ${database.name}`;
  const inspect = engine.inspectLedger;
  const { hasura } = engine;
  await checks.make(name, async () => {
    if (!inspect)
      return {
        value: undefined,
        message: "off: applied migrations are recorded only in Hasura's catalog state",
        warning: true,
      };
    const found = await inspect({
      ...{ database, hasura, environment: request.environment },
      configVersion: project?.configVersion ?? 3,
    });
    if (found.failure) throw found.failure;
    const server = found.server === undefined ? "" : `${found.server}; `;
    return {
      value: undefined,
      message: `${server}${found.ledger}`,
      warning: found.warning === true,
    };
  });
}
