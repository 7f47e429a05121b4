import { oneLine } from "./one-line.ts";
import type { Outcome } from "./run-facts.ts";

export const metricNamespace = "HasuraMigrate";

type Unit = "Count" | "Milliseconds";
type Metrics = Readonly<Record<string, readonly [value: number, unit: Unit]>>;

interface Measured {
  readonly environment: string;
  readonly operation: string;
  readonly runId: string;
  readonly requestId: string;
  /** Undefined for an invocation that paused its run. */
  readonly outcome: Outcome | undefined;
  /** In this invocation, so that the sum over the invocations of a run is right. */
  readonly applied: number;
  readonly durationMs: number;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** The longest value of a dimension. */
const longestDimension = 1024;

/**
 * One line of the log from which CloudWatch takes metrics (docs/internals/aws-lambda.md, "The embedded metric format"). The
 * environment is the only dimension, because each combination of dimensions is a metric of its own; the rest can be searched for.
 */
export function metricsLine(measured: Measured): string {
  const { environment, operation, runId, requestId, outcome, at } = measured;
  const metrics = metricsOf(measured);
  const document = {
    _aws: {
      Timestamp: at,
      CloudWatchMetrics: [
        {
          Namespace: metricNamespace,
          Dimensions: [["Environment"]],
          Metrics: Object.entries(metrics).map(([Name, [, Unit]]) => ({ Name, Unit })),
        },
      ],
    },
    Environment: oneLine(environment, longestDimension),
    ...Object.fromEntries(Object.entries(metrics).map(([name, [value]]) => [name, value])),
    operation,
    outcome: outcome ?? "paused",
    runId,
    requestId,
  };
  return `${JSON.stringify(document)}\n`;
}

function metricsOf({ outcome, applied, durationMs }: Measured): Metrics {
  if (outcome === undefined) return { MigrationsApplied: [applied, "Count"] };
  return {
    Runs: [1, "Count"],
    FailedRuns: [outcome === "failed" ? 1 : 0, "Count"],
    MigrationsApplied: [applied, "Count"],
    Duration: [durationMs, "Milliseconds"],
  };
}
