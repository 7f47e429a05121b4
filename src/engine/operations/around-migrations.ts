import type { MetadataDocument } from "../../metadata/document/metadata-document.ts";
import { Failure } from "../../protocol/failure.ts";
import type { RequestOf } from "../../protocol/request.ts";
import type { JsonMap } from "../../metadata/document/json.ts";
import { shortenList } from "../../shorten-list.ts";
import type { EngineContext } from "../context.ts";
import { emit, warn } from "../emit.ts";
import type { ServerMetadata } from "../hasura/client.ts";
import { hasuraFailure } from "../hasura/errors.ts";
import { differencesNow } from "../metadata/apply-project.ts";
import {
  compareServers,
  differencesFrom,
  differencesTo,
  fingerprintOfChanges,
  type Differences,
} from "../metadata/differences.ts";
import {
  nextAdaptation,
  permissionsThatUse,
  wholeAdaptation,
  withoutUsesOf,
  type Adaptation,
  type RemovedFrom,
} from "../metadata/intermediate.ts";
import { keptDifferences, refuseOtherDifferences } from "../metadata/kept-differences.ts";
import { readServerMetadata } from "../metadata/read-server.ts";
import { isLater } from "../plan/kept-plan.ts";
import { metadataChanged, WouldBeInconsistent } from "../metadata/refusals.ts";
import {
  applyMetadataAnyway,
  replaceMetadata,
  type ReplacedMetadata,
} from "../metadata/replace-metadata.ts";
import { reportApplied } from "../metadata/report-applied.ts";
import { unseenChanges } from "../metadata/unseen-changes.ts";
import type { RunResult, RunStop } from "../run-result.ts";
import { stoppedBeforeMetadata } from "../run/stop-before.ts";
import type { MetadataRecord } from "../store/store.ts";
import { replacementNumber, type DeploymentStep } from "../metadata/replacement-numbers.ts";
import {
  metadataBefore,
  putBackConsistent,
  withPermissionsOf,
  type PutBack,
  type Removal,
} from "../metadata/put-back.ts";
import type { AroundMigrations, DoneBefore } from "./migrate.ts";

export interface AroundContext {
  readonly request: RequestOf<"apply">;
  readonly project: MetadataDocument;
  /** The differences that were shown. */
  readonly shown: Differences;
  /** The same, or those that remain since new databases were connected. */
  readonly remaining: Differences;
  /** New databases that this run has connected. If there are none, the differences were read in the session of the run. */
  readonly connected: readonly string[];
  /** Of the run's databases; the first one is where the run records what it does. */
  readonly records: readonly MetadataRecord[];
  /** Of the project's other databases: an earlier run may have used their ledgers. */
  readonly otherRecords: (server: ServerMetadata) => Promise<readonly MetadataRecord[]>;
}

/** Why objects that earlier runs had removed are not put back. */
const reasons = {
  "not-kept":
    "an earlier run had removed objects from the metadata, and the ledger has no copy of them",
  changed:
    "an earlier run had removed objects from the metadata, which are not put back because somebody has changed the metadata since",
} as const;

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

  /** True if objects may be missing because this run has removed them. */
  get mayLackObjects(): boolean {
    return this.#removal !== undefined || isLater(this.#context.request);
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
    this.#refuseUnseen(differencesFrom(server, project));
    const replaced = await this.#replace("takenOut", out, again);
    if (replaced === undefined) return false;
    // Others may have changed it since it was compared.
    const { before } = replaced;
    const { wanted } = again(before);
    this.#removal = { before, after: replaced.left?.server };
    this.#expected = differencesFrom({ ...before, document: wanted }, project);
    await this.#reportTakenOut(out);
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
    if (now.changes.length === 0) return { result, isReplaced: false };
    this.#refuseUnseen(now);
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

  /** Throws busy/metadata-changed if the differences include any that are not expected, because others have changed the metadata. */
  #refuseUnseen(now: Differences): void {
    const between = compareServers(this.#expected.server, now.server);
    const unseen = unseenChanges(now.changes, this.#expected.changes, between);
    if (unseen.length > 0) throw metadataChanged(between);
  }

  /** The outcome of a run that was asked to stop. */
  get #asAsked(): RunStop {
    return stoppedBeforeMetadata(this.#engine);
  }

  /**
   * After a deployment that failed: puts back the objects that were removed by this run, or by runs that were killed, as far as they are
   * consistent, unless somebody has changed the metadata since. Also after a cancellation.
   */
  async putBack(done: DoneBefore): Promise<void> {
    const { records, otherRecords } = this.#context;
    let isMissing = this.#removal !== undefined;
    try {
      const server = await readServerMetadata(this.#engine);
      const all = [...records, ...(await otherRecords(server))];
      const before = await metadataBefore(this.#removal, server, all);
      if (before === undefined) return;
      isMissing = true;
      const { document, lacks } = before;
      if (document) await this.#putBack(document, server, done);
      if (lacks) await this.#warnNotPutBack(reasons[lacks]);
    } catch (error) {
      // Without a ledger that can be read, it is not known whether an earlier run has removed anything.
      if (!isMissing) return;
      const failure = hasuraFailure(error, "putting back the metadata");
      const message = failure instanceof Failure ? failure.message : String(failure);
      await this.#warnNotPutBack(
        `the objects that had been removed from the metadata could not be put back: ${message.replace(/\.$/, "")}`,
      );
    }
  }

  async #putBack(
    document: JsonMap,
    server: Differences["server"],
    { areApplied, removals }: DoneBefore,
  ): Promise<void> {
    const removed = new Set(permissionsThatUse(removals, document));
    const wanted = withPermissionsOf(server, document, (name) => areApplied || removed.has(name));
    const { isReplaced, ...putBack } = await putBackConsistent(wanted.document, server, (attempt) =>
      this.#replacePutBack(attempt, server),
    );
    const leftOut = [...wanted.leftOut, ...putBack.leftOut];
    if (isReplaced) await this.#reportPutBack();
    if (leftOut.length > 0)
      await this.#warnNotPutBack(
        `some objects that had been removed from the metadata were not put back, because they may no longer match the schema: ${shortenList(leftOut)}`,
      );
  }

  /** Also for a run that was asked to stop. */
  #replacePutBack(
    { document, allowInconsistent }: PutBack,
    server: Differences["server"],
  ): Promise<unknown> {
    const { environment } = this.#context.request;
    const again = (now: Differences["server"]): Differences => differencesTo(document, now);
    const shown = again(server);
    const [number, record] = [this.#number("putBack"), unstoppable(this.#record)];
    return replaceMetadata(
      { number, shown, again, allowInconsistent, environment, record },
      { ...this.#engine, stop: new AbortController().signal },
    );
  }

  #reportPutBack(): Promise<void> {
    return emit(this.#engine, {
      type: "log",
      level: "info",
      code: "metadata-put-back",
      message:
        "The deployment did not succeed. The objects that had been removed from the metadata were put back.",
    });
  }

  #warnNotPutBack(what: string): Promise<void> {
    return warn(
      this.#engine,
      "metadata-not-put-back",
      `The deployment did not succeed, and ${what}. The next successful apply replaces the metadata.`,
    );
  }

  #number(step: DeploymentStep): number {
    return replacementNumber(step, this.#context.request.part);
  }

  get #record(): MetadataRecord | undefined {
    return this.#context.records[0];
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
    const { environment } = this.#context.request;
    const [number, record, allowInconsistent] = [this.#number(step), this.#record, false];
    const anyway = applyMetadataAnyway(environment);
    return replaceMetadata(
      { number, shown, again, allowInconsistent, anyway, environment, record },
      this.#engine,
    );
  }
}

/** The record for what is done although the run was asked to stop. */
function unstoppable(record: MetadataRecord | undefined): MetadataRecord | undefined {
  if (record === undefined) return undefined;
  const begin: MetadataRecord["begin"] = async (replacement) => {
    await record.begin(replacement);
    return true;
  };
  return { ...record, begin };
}
