import type { JsonMap } from "../../metadata/document/json.ts";
import { Failure } from "../../protocol/failure.ts";
import { retryHint, runHint, type Hint } from "../../protocol/hint.ts";
import type { EngineContext } from "../context.ts";
import { warn } from "../emit.ts";
import { HasuraCallError, type InconsistentObject, type ServerMetadata } from "../hasura/client.ts";
import { hasuraFailure, isAccessDenied } from "../hasura/errors.ts";
import type { MetadataRecord } from "../store/store.ts";
import { compareServers, type Differences } from "./differences.ts";
import { reportBetween } from "./others-changes.ts";
import { readServerMetadata } from "./read-server.ts";
import { replacementRecorder } from "./record-replacement.ts";
import {
  metadataChanged,
  metadataOutcomeUnknown,
  metadataRefused,
  WouldBeInconsistent,
} from "./refusals.ts";
import { notTolerated } from "./tolerated.ts";
import { isAllDone, unseenChanges } from "./unseen-changes.ts";

/** One replacement of the server's metadata. */
export interface Replacement {
  /** Its number in the run, from 1. */
  readonly number: number;
  /** The differences that were shown. */
  readonly shown: Differences;
  /** Compares again, with what the server has now. */
  readonly again: (server: ServerMetadata) => Differences;
  readonly allowInconsistent: boolean;
  /** How to apply it although objects would be inconsistent. If absent: the same command with an option. */
  readonly anyway?: Hint;
  readonly environment: string;
  readonly record: MetadataRecord | undefined;
}

/** The server's metadata after it was replaced. */
export interface ReplacedMetadata {
  readonly resourceVersion: number;
  /** What was replaced. */
  readonly before: ServerMetadata;
  /** Undefined if the metadata could not be read afterwards. */
  readonly left: Differences | undefined;
}

/** The server's metadata after `sent` replaced it, without what others have changed since. */
export function leftByReplacing({ before, left }: ReplacedMetadata, sent: JsonMap): ServerMetadata {
  const resourceVersion = before.resourceVersion + 1;
  return left?.server.resourceVersion === resourceVersion
    ? left.server
    : { ...before, resourceVersion, document: sent };
}

/** What is known between two requests. */
interface ReplaceState {
  /** The differences at the moment. */
  readonly current: Differences;
  /** What the record keeps. After a lost answer, the metadata before the lost request, because that may have taken effect. */
  readonly kept: ServerMetadata;
  readonly allowInconsistent: boolean;
  /** The last answer that was lost: its request may have taken effect. */
  readonly lost: unknown;
}

/** `nothingChanged`: no request has taken effect, and none can any more. */
interface Failed {
  readonly next: "failed";
  readonly failure: unknown;
  readonly nothingChanged: boolean;
}

/** How one request ended. */
type Step =
  | { readonly next: "done"; readonly replaced: ReplacedMetadata }
  | { readonly next: "again"; readonly state: ReplaceState }
  | Failed;

const applyAnyway = retryHint({ with: ["--allow-inconsistent"], reason: "apply it anyway" });

/** The same for a deployment, whose command has no such option. */
export function applyMetadataAnyway(environment: string): Hint {
  return runHint(["metadata", "apply", environment, "--allow-inconsistent"], "apply it anyway");
}

/** Maximum number of requests, if others keep changing the metadata or answers are lost. After each, Hasura may refuse one more. */
const mostRequests = 12;

/**
 * Replaces the server's metadata exactly once, even if answers are lost, and never overwrites what was not shown. Before that, the
 * replaced metadata is kept in the ledger. Resolves to undefined if the run was stopped before it sent anything.
 * @throws Failure metadata/would-be-inconsistent, metadata/metadata-refused, busy/metadata-changed, unreachable/metadata-outcome-unknown,
 * and what reaching Hasura and the ledger throws
 */
export async function replaceMetadata(
  replacement: Replacement,
  engine: EngineContext,
): Promise<ReplacedMetadata | undefined> {
  const { shown, allowInconsistent, record, number, environment } = replacement;
  const recorder = replacementRecorder(record, number, engine);
  let state: ReplaceState = {
    ...{ current: shown, kept: shown.server, allowInconsistent, lost: undefined },
  };
  for (let requests = 1; ; requests += 1) {
    if (engine.stop.aborted || !(await recorder.begin(state.kept))) {
      if (state.lost !== undefined)
        throw metadataOutcomeUnknown(environment, state.lost, "stopped");
      await recorder.forget();
      return undefined;
    }
    const step = await replaceOnce(state, replacement, engine);
    if (step.next === "done") {
      if (step.replaced.left) await recorder.end(step.replaced.left.server);
      return step.replaced;
    }
    if (step.next === "again" && requests < mostRequests) {
      state = step.state;
      continue;
    }
    const failed = step.next === "again" ? givenUp(step.state, shown) : step;
    if (failed.nothingChanged) await recorder.forget();
    throw failed.failure;
  }
}

async function replaceOnce(
  state: ReplaceState,
  replacement: Replacement,
  engine: EngineContext,
): Promise<Step> {
  const { current, allowInconsistent } = state;
  const answer = await send(current, allowInconsistent, engine);
  switch (answer.kind) {
    case "refused":
      return { next: "failed", failure: answer.failure, nothingChanged: state.lost === undefined };
    case "inconsistent":
      return inconsistentStep(answer.objects, state, replacement);
    case "replaced":
      return afterReplacing(state, replacement, engine);
    case "conflict":
      return compareAgain(state, replacement, engine);
    case "lost":
      return compareAgain({ ...state, lost: answer.error }, replacement, engine);
  }
}

type Answer =
  | { readonly kind: "replaced" }
  /** The version of the server's metadata has changed. */
  | { readonly kind: "conflict" }
  | { readonly kind: "lost"; readonly error: unknown }
  | { readonly kind: "inconsistent"; readonly objects: readonly InconsistentObject[] }
  | { readonly kind: "refused"; readonly failure: unknown };

async function send(
  differences: Differences,
  allowInconsistent: boolean,
  engine: EngineContext,
): Promise<Answer> {
  const { wanted: document, server } = differences;
  const { resourceVersion } = server;
  try {
    const sent = { document, resourceVersion, allowInconsistent };
    for (const message of await engine.hasura.replaceMetadata(sent))
      await warn(engine, "metadata-warning", `Hasura warns: ${message}`);
    return { kind: "replaced" };
  } catch (error) {
    if (!(error instanceof HasuraCallError)) throw error;
    return answerOf(error, differences);
  }
}

function answerOf(error: HasuraCallError, differences: Differences): Answer {
  const { inconsistent, status = 0, outcome } = error;
  if (inconsistent) return { kind: "inconsistent", objects: inconsistent };
  if (isAccessDenied(error) || error.cause instanceof Failure || status === 404)
    return { kind: "refused", failure: hasuraFailure(error, "replacing the metadata") };
  if (outcome === "rejected" && status === 409) return { kind: "conflict" };
  if (outcome !== "rejected" || status === 429 || status >= 500) return { kind: "lost", error };
  return { kind: "refused", failure: metadataRefused(error, differences) };
}

function inconsistentStep(
  objects: readonly InconsistentObject[],
  state: ReplaceState,
  { anyway = applyAnyway }: Replacement,
): Step {
  const { current, allowInconsistent } = state;
  const { server, wanted } = current;
  const reasons = notTolerated(objects, server.inconsistent, wanted);
  if (!allowInconsistent && reasons.length === 0)
    return { next: "again", state: { ...state, allowInconsistent: true } };
  const shown = reasons.length > 0 ? reasons : objects;
  const failure = new WouldBeInconsistent(shown, current, anyway);
  return { next: "failed", failure, nothingChanged: state.lost === undefined };
}

/**
 * Hasura has confirmed the replacement. If the version has changed, remaining differences are later changes, or keys that Hasura ignores.
 */
async function afterReplacing(
  state: ReplaceState,
  replacement: Replacement,
  engine: EngineContext,
): Promise<Step> {
  const { resourceVersion } = state.current.server;
  const server = await readServerMetadata(engine).catch(() => undefined);
  if (server === undefined)
    return {
      next: "done",
      replaced: {
        ...{ resourceVersion: resourceVersion + 1, before: state.current.server, left: undefined },
      },
    };
  const now = replacement.again(server);
  // A commit that was confirmed can still be lost with its database server.
  if (server.resourceVersion === resourceVersion && now.changes.length > 0)
    return onceMore(state, now, replacement);
  return doneWith(now, state.current.server);
}

/** What was tolerated does not hold for metadata that was read since: Hasura reports again which objects would be inconsistent. */
function onceMore(
  state: ReplaceState,
  current: Differences,
  { allowInconsistent }: Replacement,
): Step {
  return { next: "again", state: { ...state, current, allowInconsistent } };
}

function doneWith(left: Differences, before: ServerMetadata): Step {
  const { resourceVersion } = left.server;
  return { next: "done", replaced: { resourceVersion, before, left } };
}

/** After a conflict or a lost answer, the server's metadata shows what has happened. */
async function compareAgain(
  state: ReplaceState,
  replacement: Replacement,
  engine: EngineContext,
): Promise<Step> {
  const { again, shown, environment } = replacement;
  const isLost = state.lost !== undefined;
  let server: ServerMetadata;
  try {
    server = await readServerMetadata(engine);
  } catch (error) {
    const failure = isLost ? metadataOutcomeUnknown(environment, error) : error;
    return { next: "failed", failure, nothingChanged: false };
  }
  const now = again(server);
  if (now.changes.length === 0) return doneWith(now, state.kept);
  if (server.resourceVersion === state.current.server.resourceVersion)
    return onceMore(state, now, replacement);
  const kept = isLost ? state.kept : server;
  if (isLost && isAllDone(now.changes, shown.changes)) return doneWith(now, state.kept);
  const between = compareServers(shown.server, server);
  if (unseenChanges(now.changes, shown.changes, between).length === 0) {
    // After a lost answer, this run itself may have made a part of the changes.
    if (!isLost) await reportBetween(compareServers(state.current.server, server), engine);
    return onceMore({ ...state, kept }, now, replacement);
  }
  const failure = isLost
    ? metadataOutcomeUnknown(environment, state.lost, between)
    : metadataChanged(between);
  return { next: "failed", failure, nothingChanged: !isLost };
}

/** The failure after the last request. Hasura may still be working on one whose answer was lost. */
function givenUp({ lost, current }: ReplaceState, shown: Differences): Failed {
  const isLost = lost !== undefined;
  const failure = isLost
    ? hasuraFailure(lost, "replacing the metadata")
    : metadataChanged(compareServers(shown.server, current.server));
  return { next: "failed", failure, nothingChanged: !isLost };
}
