import type { MetadataDocument } from "../../metadata/document/metadata-document.ts";
import { Failure } from "../../protocol/failure.ts";
import type { RequestOf } from "../../protocol/request.ts";
import { shortenList } from "../../shorten-list.ts";
import type { EngineContext } from "../context.ts";
import { emit, warn } from "../emit.ts";
import { hasuraFailure } from "../hasura/errors.ts";
import { differencesNow } from "../metadata/apply-project.ts";
import {
  compareServers,
  differencesFrom,
  differencesTo,
  fingerprintOfChanges,
  type Differences,
} from "../metadata/differences.ts";
import { withoutUsesOf, type RemovedFrom } from "../metadata/intermediate.ts";
import { readServerMetadata } from "../metadata/read-server.ts";
import { metadataChanged } from "../metadata/refusals.ts";
import { replaceMetadata, type ReplacedMetadata } from "../metadata/replace-metadata.ts";
import { reportApplied } from "../metadata/report-applied.ts";
import { unseenChanges } from "../metadata/unseen-changes.ts";
import type { RunResult } from "../run-result.ts";
import type { MetadataRecord } from "../store/store.ts";
import { replacementNumbers as numbers } from "../metadata/replacement-numbers.ts";
import type { AroundMigrations } from "./migrate.ts";

export interface AroundContext {
  readonly request: RequestOf<"apply">;
  readonly project: MetadataDocument;
  /** The differences that were shown. */
  readonly shown: Differences;
  /** They were read in the session of the run. */
  readonly isCurrent: boolean;
  readonly record: MetadataRecord | undefined;
}

/** What happens to the metadata before and after the migrations of a deployment. */
export class MetadataAround implements AroundMigrations {
  readonly fingerprint: string;
  readonly #context: AroundContext;
  readonly #engine: EngineContext;
  /** The server's metadata before and after objects were removed from it; after is undefined if it could not be read. */
  #removal:
    | { readonly before: Differences["server"]; readonly after: Differences["server"] | undefined }
    | undefined;
  /** What is left to change: what was shown, or after objects were removed, the differences from that metadata. */
  #expected: Differences;

  constructor(context: AroundContext, engine: EngineContext) {
    this.fingerprint = fingerprintOfChanges(context.shown);
    this.#context = context;
    this.#engine = engine;
    this.#expected = context.shown;
  }

  async before(removals: readonly RemovedFrom[]): Promise<boolean> {
    if (removals.length === 0) return !this.#engine.stop.aborted;
    const { project } = this.#context;
    const again = (server: Differences["server"]): Differences => {
      const { wanted } = differencesFrom(server, project);
      return differencesTo(withoutUsesOf(removals, server.document, wanted), server);
    };
    const server = await readServerMetadata(this.#engine);
    const out = again(server);
    if (out.changes.length === 0) return true;
    this.#refuseUnseen(differencesFrom(server, project));
    try {
      const replaced = await this.#replace(numbers.takenOut, out, again);
      if (replaced === undefined) return false;
      this.#removal = { before: server, after: replaced.left?.server };
      this.#expected = differencesFrom({ ...server, document: out.wanted }, project);
      await this.#reportTakenOut(out);
    } catch (error) {
      if (!(error instanceof Failure && error.kind === "metadata")) throw error;
      await warn(
        this.#engine,
        "metadata-not-taken-out",
        `The migrations remove something that the metadata uses, and the metadata could not be adapted first: ${error.message}`,
      );
    }
    return true;
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
    const { project, shown, isCurrent } = this.#context;
    const now = isCurrent && !hasMigrated ? shown : await differencesNow(project, this.#engine);
    if (now.changes.length === 0) return { result, isReplaced: false };
    this.#refuseUnseen(now);
    const startedAt = this.#engine.now();
    const replaced = await this.#replace(numbers.project, now, (server) =>
      differencesFrom(server, project),
    );
    if (replaced === undefined)
      return { result: { ...result, stop: { stop: "cancelled" } }, isReplaced: false };
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

  /** After migrations that failed: puts back the removed objects, if all of them would be consistent, and nobody has changed the metadata since. */
  async putBack(): Promise<void> {
    if (this.#removal === undefined) return;
    const { before, after } = this.#removal;
    const again = (server: Differences["server"]): Differences =>
      differencesTo(before.document, server);
    try {
      const server = await readServerMetadata(this.#engine);
      const between = after && compareServers(after, server);
      if (between?.length !== 0) throw metadataChanged(between ?? []);
      const now = again(server);
      const replaced = await this.#replace(numbers.putBack, now, again);
      if (replaced === undefined) return;
      await emit(this.#engine, {
        type: "log",
        level: "info",
        code: "metadata-put-back",
        message:
          "The migrations failed: the objects that had been removed from the metadata were put back.",
      });
    } catch {
      await warn(
        this.#engine,
        "metadata-not-put-back",
        "The migrations failed, and the objects that had been removed from the metadata could not be put back, because the database or the metadata has changed. The next successful apply replaces the metadata.",
      );
    }
  }

  #reportTakenOut({ changes }: Differences): Promise<void> {
    const objects = changes.filter(({ isInside }) => !isInside);
    const names = objects.map(
      ({ path }) => `${path.at(-1)?.kind ?? ""} ${path.map(({ name }) => name).join(" › ")}`,
    );
    return emit(this.#engine, {
      type: "log",
      level: "info",
      code: "metadata-taken-out",
      message: `Removed from the metadata, because the migrations remove what it uses: ${shortenList(names)}.`,
    });
  }

  #replace(
    number: number,
    shown: Differences,
    again: (server: Differences["server"]) => Differences,
  ): Promise<ReplacedMetadata | undefined> {
    const { request, record } = this.#context;
    const { environment } = request;
    const allowInconsistent = false;
    return replaceMetadata(
      { number, shown, again, allowInconsistent, environment, record },
      this.#engine,
    );
  }
}
