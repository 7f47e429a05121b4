import type { JsonMap } from "../../metadata/document/json.ts";
import { Failure } from "../../protocol/failure.ts";
import { runHint, textHint } from "../../protocol/hint.ts";
import type { RequestOf } from "../../protocol/request.ts";
import type { EngineContext } from "../context.ts";
import { recordedChanges, type MetadataSession } from "../metadata/open-session.ts";
import type { RunResult } from "../run-result.ts";
import type { MetadataChangeRecord } from "../store/store.ts";
import { previewReplacement, replaceByDocument } from "./metadata-apply.ts";

type RestoreRequest = RequestOf<"metadata-restore">;

/**
 * `metadata-restore`: puts back the metadata that the server had before a run replaced it: the given run, or else the last one that
 * replaced it. Throws `usage/metadata-not-kept`, and what `metadata-apply` does.
 */
export async function restoreMetadata(
  request: RestoreRequest,
  session: MetadataSession,
  engine: EngineContext,
): Promise<RunResult> {
  const value = await keptDocument(request, session);
  const kept = { value, configVersion: 3, placeOf: () => undefined } as const;
  return request.options.dryRun === true
    ? previewReplacement(kept, engine)
    : replaceByDocument(kept, request, session, engine);
}

async function keptDocument(
  { options: { run }, environment }: RestoreRequest,
  session: MetadataSession,
): Promise<JsonMap> {
  const changes = await recordedChanges(session);
  const replacement = replacementOf(run, changes);
  if (replacement?.replaced === undefined) throw nothingReplaced(run, environment);
  const { checksum, isKept } = replacement.replaced;
  const documents = isKept
    ? await Promise.all(session.records.map((record) => record.document(checksum)))
    : [];
  const document = documents.find((each) => each !== undefined);
  if (document === undefined) throw notKept(replacement, environment);
  return document;
}

/** The first replacement of the run whose id begins with `run`: what it replaced is what was there before the run. */
function replacementOf(
  run: string | undefined,
  newestFirst: readonly MetadataChangeRecord[],
): MetadataChangeRecord | undefined {
  const replacements = newestFirst.filter(({ replaced }) => replaced !== undefined);
  const id = run === undefined ? replacements[0]?.run : run;
  return id === undefined
    ? undefined
    : replacements.filter((each) => each.run.startsWith(id)).at(-1);
}

function nothingReplaced(run: string | undefined, environment: string): Failure {
  return new Failure(
    "usage",
    "metadata-not-kept",
    run === undefined
      ? `No recorded run on ${environment} has replaced the metadata, so there is nothing to restore.`
      : `There is no record that run ${run} on ${environment} replaced the metadata, so there is nothing to restore.`,
    { hints: [runHint(["history", environment], "see the runs")] },
  );
}

function notKept({ run }: MetadataChangeRecord, environment: string): Failure {
  return new Failure(
    "usage",
    "metadata-not-kept",
    `The metadata that run ${run} replaced on ${environment} was not kept.`,
    {
      hints: [
        textHint(
          "At that time, HASURA_MIGRATE_KEEP_METADATA was off. Check out an older commit instead, and apply its metadata with --from.",
        ),
      ],
    },
  );
}
