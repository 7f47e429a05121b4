import type { Request } from "../../protocol/request.ts";
import type { LambdaContext } from "../lambda-context.ts";
import { logAddress } from "./log-address.ts";
import { oneLine } from "./one-line.ts";
import {
  outcomeOf,
  type FailedMigration,
  type FailedSeed,
  type MetadataFacts,
  type Outcome,
  type RunFacts,
} from "./run-facts.ts";

/** What is announced of a run's end: the `detail` of the event on an EventBridge bus (docs/notifications.md). */
export interface RunReport {
  readonly environment: string;
  readonly operation: string;
  readonly outcome: Outcome;
  readonly runId: string;
  readonly requestId: string;
  readonly user: string;
  readonly host: string;
  readonly gitCommit?: string;
  readonly gitBranch?: string;
  readonly ciJob?: string;
  readonly functionName: string;
  readonly imageCommit?: string;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly durationMs: number;
  readonly applied: number;
  readonly rolledBack: number;
  readonly marked: number;
  /** Absent if no seed was run. */
  readonly seeds?: number;
  /** Absent if the metadata was not replaced. */
  readonly metadata?: MetadataFacts;
  readonly notReached: number;
  readonly failure?: { readonly kind: string; readonly code: string; readonly message: string };
  readonly failedMigration?: FailedMigration;
  readonly failedSeed?: FailedSeed;
  /** Address of the run's lines in the console of CloudWatch Logs. */
  readonly log?: string;
}

interface EndedRun {
  readonly request: Request;
  readonly facts: RunFacts;
  readonly context: LambdaContext;
  readonly imageCommit?: string | undefined;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** Removes secrets. */
  readonly redact: (text: string) => string;
}

/** The longest texts, in UTF-16 units. */
const longest = { name: 100, message: 500, address: 300 } as const;

/** The report of a run; undefined for one that has not ended. Its texts are redacted, one line each, and bounded. */
export function runReport(run: EndedRun): RunReport | undefined {
  const { request, facts, context, startedAt, endedAt } = run;
  const outcome = outcomeOf(facts);
  if (outcome === undefined) return undefined;
  const clean = (text: string, most: number = longest.name): string =>
    oneLine(run.redact(text), most);
  const { user, host, gitCommit, gitBranch, ciJob } = request.actor;
  const log = logAddress(context, request.runId, startedAt);
  return {
    environment: clean(request.environment),
    operation: request.operation,
    outcome,
    runId: request.runId,
    requestId: context.awsRequestId,
    user: clean(user),
    host: clean(host),
    ...(gitCommit !== undefined && { gitCommit: clean(gitCommit) }),
    ...(gitBranch !== undefined && { gitBranch: clean(gitBranch) }),
    ...(ciJob !== undefined && { ciJob: clean(ciJob, longest.address) }),
    functionName: context.functionName,
    ...(run.imageCommit !== undefined && { imageCommit: clean(run.imageCommit) }),
    startedAt: new Date(startedAt).toISOString(),
    endedAt: new Date(endedAt).toISOString(),
    durationMs: Math.max(0, endedAt - startedAt),
    applied: facts.applied,
    rolledBack: facts.rolledBack,
    marked: facts.marked,
    ...(facts.seeds > 0 && { seeds: facts.seeds }),
    ...(facts.metadata && { metadata: facts.metadata }),
    notReached: facts.end?.notReached ?? 0,
    ...failureOf(facts, clean),
    ...(log !== undefined && { log }),
  };
}

function failureOf(
  { end, failedMigration, failedSeed }: RunFacts,
  clean: (text: string, most?: number) => string,
): Pick<RunReport, "failure" | "failedMigration" | "failedSeed"> {
  if (end?.type !== "run.failed") return {};
  const { kind, code, message } = end.failure;
  return {
    failure: { kind, code, message: clean(message, longest.message) },
    ...(failedMigration && {
      failedMigration: {
        database: clean(failedMigration.database),
        version: failedMigration.version,
        name: clean(failedMigration.name),
        direction: failedMigration.direction,
      },
    }),
    ...(failedSeed && {
      failedSeed: { database: clean(failedSeed.database), name: clean(failedSeed.name) },
    }),
  };
}
