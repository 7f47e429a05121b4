import type { MetadataDocument } from "../../metadata/document/metadata-document.ts";
import type { RequestOf } from "../../protocol/request.ts";
import type { EngineContext } from "../context.ts";
import { emit } from "../emit.ts";
import { differencesNow, projectToApply } from "../metadata/apply-project.ts";
import { diffEvent, differencesFrom, fingerprintOfChanges } from "../metadata/differences.ts";
import type { MetadataSession } from "../metadata/open-session.ts";
import { replaceMetadata } from "../metadata/replace-metadata.ts";
import { reportApplied } from "../metadata/report-applied.ts";
import { refuseOtherPlan } from "../plan/fingerprint.ts";
import { nothingDone, type RunResult } from "../run-result.ts";

type ApplyRequest = RequestOf<"metadata-apply">;

/** What `metadata-apply` and `metadata-restore` are asked to do. */
type ReplaceRequest = Pick<RequestOf<"metadata-apply" | "metadata-restore">, "environment"> & {
  readonly options: Pick<ApplyRequest["options"], "allowInconsistent" | "expectedPlan">;
};

/**
 * A dry run of `metadata-apply`: shows what it would change, with the fingerprint that a confirmation refers to. It needs no session.
 * Throws what reading the project's metadata does.
 */
export async function previewMetadata(engine: EngineContext): Promise<RunResult> {
  return previewReplacement(await projectToApply(engine), engine);
}

/** Shows what replacing the server's metadata with a document would change. */
export async function previewReplacement(
  wanted: MetadataDocument,
  engine: EngineContext,
): Promise<RunResult> {
  const differences = await differencesNow(wanted, engine);
  const fingerprint = fingerprintOfChanges(differences);
  await emit(engine, { ...diffEvent(differences), fingerprint, dryRun: true });
  return nothingDone;
}

/** `metadata-apply`: replaces the server's metadata with the project's, if they differ. */
export async function applyMetadata(
  request: ApplyRequest,
  session: MetadataSession,
  engine: EngineContext,
): Promise<RunResult> {
  return replaceByDocument(await projectToApply(engine), request, session, engine);
}

/** Replaces the server's metadata with a document, if they differ. Throws what `replaceMetadata` does, and `busy/plan-changed`. */
export async function replaceByDocument(
  wanted: MetadataDocument,
  { options, environment }: ReplaceRequest,
  { record }: MetadataSession,
  engine: EngineContext,
): Promise<RunResult> {
  const shown = await differencesNow(wanted, engine);
  const fingerprint = fingerprintOfChanges(shown);
  refuseOtherPlan(fingerprint, options.expectedPlan);
  await emit(engine, { ...diffEvent(shown), fingerprint });
  if (shown.changes.length === 0) return nothingDone;
  const startedAt = engine.now();
  const replaced = await replaceMetadata(
    {
      number: 1,
      shown,
      again: (server) => differencesFrom(server, wanted),
      allowInconsistent: options.allowInconsistent ?? false,
      ...{ environment, record },
    },
    engine,
  );
  if (replaced === undefined) return { ...nothingDone, stop: { stop: "cancelled" } };
  await reportApplied(replaced, shown, Math.max(0, engine.now() - startedAt), engine);
  return nothingDone;
}
