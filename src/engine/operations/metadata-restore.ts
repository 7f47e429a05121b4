import type { JsonMap } from "../../metadata/document/json.ts";
import { Failure } from "../../protocol/failure.ts";
import { runHint, textHint } from "../../protocol/hint.ts";
import type { RequestOf } from "../../protocol/request.ts";
import type { EngineContext } from "../context.ts";
import type { ServerMetadata } from "../hasura/client.ts";
import { keptDocument, recordedChanges } from "../metadata/all-ledgers.ts";
import { differencesOf } from "../metadata/apply-project.ts";
import type { MetadataSession } from "../metadata/open-session.ts";
import {
  lastReplacement,
  replacementsIn,
  type ReplacementRecord,
} from "../metadata/last-replacement.ts";
import { readServerMetadata } from "../metadata/read-server.ts";
import type { RunResult } from "../run-result.ts";
import { previewReplacement, replaceByDocument } from "./metadata-apply.ts";

type RestoreRequest = RequestOf<"metadata-restore">;

/**
 * `metadata-restore`: puts back the metadata that the server had before a run replaced it: the given run, or else the last one that
 * replaced it. Throws `usage/metadata-not-kept`, `usage/run-ambiguous`, and what `metadata-apply` does.
 */
export async function restoreMetadata(
  request: RestoreRequest,
  session: MetadataSession,
  engine: EngineContext,
): Promise<RunResult> {
  const server = await readServerMetadata(engine);
  const value = await documentToRestore(request, session, server);
  const kept = { value, configVersion: 3, placeOf: () => undefined } as const;
  const shown = differencesOf(kept, server);
  return request.options.dryRun === true
    ? previewReplacement(shown, engine)
    : replaceByDocument(kept, shown, { request, session, engine });
}

async function documentToRestore(
  { options: { run }, environment }: RestoreRequest,
  session: MetadataSession,
  { resourceVersion }: ServerMetadata,
): Promise<JsonMap> {
  const changes = await recordedChanges(session.records);
  const id = run ?? lastReplacement(changes, resourceVersion)?.run;
  const replacement =
    id === undefined ? undefined : firstReplacementOf(id, replacementsIn(changes), environment);
  if (replacement === undefined) throw nothingReplaced(run, environment);
  const { checksum, isKept } = replacement.replaced;
  const document = isKept ? await keptDocument(checksum, session.records) : undefined;
  if (document === undefined) throw notKept(replacement, environment);
  return document;
}

/** The first replacement of the run with this id, or whose id begins with it: what it replaced is what was there before the run. */
function firstReplacementOf(
  run: string,
  newestFirst: readonly ReplacementRecord[],
  environment: string,
): ReplacementRecord | undefined {
  const ids = new Set(newestFirst.flatMap((each) => (each.run.startsWith(run) ? [each.run] : [])));
  if (ids.size > 1 && !ids.has(run)) throw ambiguous(run, [...ids], environment);
  const id = ids.has(run) ? run : [...ids][0];
  return newestFirst.findLast((each) => each.run === id);
}

const mostShown = 5;

function ambiguous(run: string, ids: readonly string[], environment: string): Failure {
  return new Failure(
    "usage",
    "run-ambiguous",
    `${String(ids.length)} runs that replaced the metadata of ${environment} have an id that begins with ${run}; nothing was restored.`,
    {
      hints: ids
        .slice(0, mostShown)
        .map((runId) =>
          runHint(
            ["metadata", "restore", environment, "--run", runId],
            "go back to before this one",
          ),
        ),
    },
  );
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

function notKept({ run }: ReplacementRecord, environment: string): Failure {
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
