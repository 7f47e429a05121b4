import type { MetadataDocument } from "../../metadata/document/metadata-document.ts";
import type { RequestOf } from "../../protocol/request.ts";
import type { EngineContext } from "../context.ts";
import { emit } from "../emit.ts";
import { differencesNow, projectToApply } from "../metadata/apply-project.ts";
import {
  diffEvent,
  differencesFrom,
  fingerprintOfChanges,
  type Differences,
} from "../metadata/differences.ts";
import type { MetadataSession } from "../metadata/open-session.ts";
import { replaceMetadata } from "../metadata/replace-metadata.ts";
import { reportApplied } from "../metadata/report-applied.ts";
import { refuseOtherPlan } from "../plan/fingerprint.ts";
import { stoppedBeforeMetadata } from "../run/stop-before.ts";
import { nothingDone, type RunResult } from "../run-result.ts";

type ApplyRequest = RequestOf<"metadata-apply">;

/** What `metadata-apply` and `metadata-restore` are asked to do. */
type ReplaceRequest = Pick<RequestOf<"metadata-apply" | "metadata-restore">, "environment"> & {
  readonly options: Pick<ApplyRequest["options"], "allowInconsistent" | "expectedPlan">;
};

interface Replacing {
  readonly request: ReplaceRequest;
  readonly session: Pick<MetadataSession, "record">;
  readonly engine: EngineContext;
}

/**
 * A dry run of `metadata-apply`: shows what it would change, with the fingerprint that a confirmation refers to. It needs no session.
 * Throws what reading the project's metadata does.
 */
export async function previewMetadata(engine: EngineContext): Promise<RunResult> {
  const project = await projectToApply(engine);
  return previewReplacement(await differencesNow(project, engine), engine);
}

/** Shows what replacing the server's metadata would change. */
export async function previewReplacement(
  differences: Differences,
  engine: EngineContext,
): Promise<RunResult> {
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
  const project = await projectToApply(engine);
  return replaceByDocument(project, await differencesNow(project, engine), {
    ...{ request, session, engine },
  });
}

/**
 * Replaces the server's metadata with a document, if they differ. `shown`: the differences.
 * Throws what `replaceMetadata` does, and `busy/plan-changed`.
 */
export async function replaceByDocument(
  wanted: MetadataDocument,
  shown: Differences,
  { request, session, engine }: Replacing,
): Promise<RunResult> {
  const { options, environment } = request;
  const { record } = session;
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
  if (replaced === undefined) return { ...nothingDone, stop: stoppedBeforeMetadata(engine) };
  await reportApplied(replaced, shown, Math.max(0, engine.now() - startedAt), engine);
  return nothingDone;
}
