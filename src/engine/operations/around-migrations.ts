import type { MetadataDocument } from "../../metadata/document/metadata-document.ts";
import { Failure } from "../../protocol/failure.ts";
import type { RequestOf } from "../../protocol/request.ts";
import type { JsonMap } from "../../metadata/document/json.ts";
import { shortenList } from "../../shorten-list.ts";
import type { EngineContext } from "../context.ts";
import { emit, warn } from "../emit.ts";
import { hasuraFailure } from "../hasura/errors.ts";
import { differencesNow } from "../metadata/apply-project.ts";
import {
  differencesFrom,
  differencesTo,
  fingerprintOfChanges,
  type Differences,
} from "../metadata/differences.ts";
import {
  nextAdaptation,
  wholeAdaptation,
  withoutUsesOf,
  type Adaptation,
  type RemovedFrom,
} from "../metadata/intermediate.ts";
import { keptDifferences, refuseOtherDifferences } from "../metadata/kept-differences.ts";
import { readServerMetadata } from "../metadata/read-server.ts";
import { refuseUnseen, reportBetween } from "../metadata/others-changes.ts";
import { WouldBeInconsistent } from "../metadata/refusals.ts";
import {
  applyMetadataAnyway,
  leftByReplacing,
  replaceMetadata,
  type ReplacedMetadata,
} from "../metadata/replace-metadata.ts";
import { reportApplied } from "../metadata/report-applied.ts";
import type { RunResult, RunStop } from "../run-result.ts";
import { stoppedBeforeMetadata } from "../run/stop-before.ts";
import { replacementNumber, type DeploymentStep } from "../metadata/replacement-numbers.ts";
import {
  putBackRemoved,
  warnNotPutBack,
  type DoneBefore,
  type RemovedBy,
} from "../metadata/put-back-removed.ts";
import type { Removal } from "../metadata/put-back.ts";
import type { AroundMigrations } from "./migrate.ts";

export interface AroundContext extends Omit<RemovedBy, "removal"> {
  readonly request: RequestOf<"apply">;
  readonly project: MetadataDocument;
  /** The differences that were shown. */
  readonly shown: Differences;
  /** The same, or those that remain since new databases were connected. */
  readonly remaining: Differences;
  /** New databases that this run has connected. If there are none, the differences were read in the session of the run. */
  readonly connected: readonly string[];
}

/** Why this run does not put back what it has removed. */
const notReached =
  "the objects that it has removed from the metadata are still missing, because Hasura could not be reached any more";

/** What happens to the metadata before and after the migrations of a deployment. */
export class MetadataAround implements AroundMigrations {
  readonly fingerprint: string;
  readonly connected: readonly string[];
  readonly inconsistent: AroundMigrations["inconsistent"];
  readonly #context: AroundContext;
  readonly #engine: EngineContext;
  #removal: Removal | undefined;
  /** What is left to change: the differences that were shown or, once objects were removed, those that remain. */
  #expected: Differences;

  constructor(context: AroundContext, engine: EngineContext) {
    this.fingerprint = fingerprintOfChanges(context.shown);
    this.connected = context.connected;
    this.inconsistent = context.shown.server.inconsistent;
    this.#context = context;
    this.#engine = engine;
    this.#expected = context.remaining;
  }

  toKeep(): readonly string[] {
    const { project, shown, remaining } = this.#context;
    return keptDifferences(project, [shown, remaining, this.#expected]);
  }

  refuseUnkept(kept: ReadonlySet<string>): Promise<void> {
    const { project, shown, records, request } = this.#context;
    return refuseOtherDifferences(project, shown, { runId: request.runId, kept, records });
  }

  async before(removals: readonly RemovedFrom[]): Promise<RunStop | undefined> {
    if (removals.length === 0) return this.#engine.stop.aborted ? this.#asAsked : undefined;
    try {
      return (await this.#takeOut(removals)) ? undefined : this.#asAsked;
    } catch (error) {
      const failure = hasuraFailure(error, "adapting the metadata to the migrations");
      return { stop: "failed", failure };
    }
  }

  /** Removes what uses the removed names, or as much of it as Hasura accepts. False if the run was stopped before. */
  async #takeOut(removals: readonly RemovedFrom[]): Promise<boolean> {
    const server = await readServerMetadata(this.#engine);
    await this.#expect(differencesFrom(server, this.#context.project));
    let adaptation = wholeAdaptation;
    let refusal: Failure | undefined;
    for (;;) {
      const current = adaptation;
      try {
        const goesOn = await this.#adapt(server, (now, wanted) =>
          withoutUsesOf(removals, now, wanted, current),
        );
        if (goesOn && refusal && current.onlyTriggers) await this.#warnNotRemoved(refusal);
        return goesOn;
      } catch (error) {
        if (!(error instanceof Failure && error.kind === "metadata")) throw error;
        refusal ??= error;
        const next = this.#afterRefusal(current, error, server);
        if (next === undefined) {
          await this.#warnNotRemoved(refusal);
          return true;
        }
        adaptation = next;
      }
    }
  }

  /** What to try next if Hasura has refused an adaptation. */
  #afterRefusal(
    adaptation: Adaptation,
    error: Failure,
    server: Differences["server"],
  ): Adaptation | undefined {
    if (!(error instanceof WouldBeInconsistent)) return undefined;
    const { wanted } = differencesFrom(server, this.#context.project);
    const names = error.objects.map(({ name }) => name);
    return nextAdaptation(adaptation, names, server.document, wanted);
  }

  /** Replaces the metadata with the result of `adapted`. False if the run was stopped first. */
  async #adapt(
    server: Differences["server"],
    adapted: (server: JsonMap, wanted: JsonMap) => JsonMap,
  ): Promise<boolean> {
    const { project } = this.#context;
    const again = (now: Differences["server"]): Differences =>
      differencesTo(adapted(now.document, differencesFrom(now, project).wanted), now);
    const out = again(server);
    if (out.changes.length === 0) return true;
    const replaced = await this.#replace("takenOut", out, again);
    if (replaced === undefined) return false;
    // Others may have changed it since it was compared.
    const { before } = replaced;
    const after = leftByReplacing(replaced, again(before).wanted);
    this.#removal = { before, after };
    await this.#reportTakenOut(out);
    refuseUnseen(differencesFrom(before, project), this.#expected);
    this.#expected = differencesFrom(after, project);
    return true;
  }

  #warnNotRemoved({ message }: Failure): Promise<void> {
    return warn(
      this.#engine,
      "metadata-not-taken-out",
      `The migrations remove something that the metadata uses, and not all of these uses could be removed from the metadata first: ${message}`,
    );
  }

  async after(result: RunResult, hasMigrated: boolean): ReturnType<AroundMigrations["after"]> {
    try {
      return await this.#applyProject(result, hasMigrated);
    } catch (error) {
      const failure = hasuraFailure(error, "applying the metadata");
      return { result: { ...result, stop: { stop: "failed", failure } }, isReplaced: false };
    }
  }

  async #applyProject(
    result: RunResult,
    hasMigrated: boolean,
  ): ReturnType<AroundMigrations["after"]> {
    const { project, shown, connected } = this.#context;
    const isCurrent = connected.length === 0;
    const now = isCurrent && !hasMigrated ? shown : await differencesNow(project, this.#engine);
    await this.#expect(now);
    if (now.changes.length === 0) return { result, isReplaced: false };
    const startedAt = this.#engine.now();
    const replaced = await this.#replace("project", now, (server) =>
      differencesFrom(server, project),
    );
    if (replaced === undefined)
      return { result: { ...result, stop: this.#asAsked }, isReplaced: false };
    const tookMs = Math.max(0, this.#engine.now() - startedAt);
    await reportApplied(replaced, shown, tookMs, this.#engine);
    return { result, isReplaced: true };
  }

  /**
   * Expects these differences from now on, and reports what others have changed since the last ones. Throws busy/metadata-changed if
   * applying the project's metadata would overwrite any of that.
   */
  async #expect(now: Differences): Promise<void> {
    const between = refuseUnseen(now, this.#expected);
    this.#expected = now;
    await reportBetween(between, this.#engine);
  }

  /** The outcome of a run that was asked to stop. */
  get #asAsked(): RunStop {
    return stoppedBeforeMetadata(this.#engine);
  }

  async warnMissing(): Promise<void> {
    if (this.#removal) await warnNotPutBack(notReached, this.#engine);
  }

  putBack(done: DoneBefore): Promise<void> {
    return putBackRemoved({ ...this.#context, removal: this.#removal }, done, this.#engine);
  }

  #reportTakenOut({ changes }: Differences): Promise<void> {
    const names = changes
      .filter(({ isInside }) => !isInside)
      .map(({ change, path }) => {
        const label = `${path.at(-1)?.kind ?? ""} ${path.map(({ name }) => name).join(" › ")}`;
        return change === "changed" ? `columns of ${label}` : label;
      });
    return emit(this.#engine, {
      type: "log",
      level: "info",
      code: "metadata-taken-out",
      message: `Removed from the metadata, because they use something that the migrations remove: ${shortenList(names)}.`,
    });
  }

  #replace(
    step: DeploymentStep,
    shown: Differences,
    again: (server: Differences["server"]) => Differences,
  ): Promise<ReplacedMetadata | undefined> {
    const { request, records } = this.#context;
    const { environment, part } = request;
    const [number, [record], allowInconsistent] = [replacementNumber(step, part), records, false];
    const anyway = applyMetadataAnyway(environment);
    return replaceMetadata(
      { number, shown, again, allowInconsistent, anyway, environment, record },
      this.#engine,
    );
  }
}
