import assert from "node:assert/strict";
import { describe, test } from "vitest";
import * as z from "zod";
import { metricsLine } from "../../../src/lambda/run-end/metrics.ts";

const name = z.string().min(1);
/** The rules of CloudWatch's embedded metric format (docs/internals/aws-lambda.md, "The embedded metric format"). */
const Document = z.looseObject({
  _aws: z.strictObject({
    Timestamp: z.int().min(1e12),
    CloudWatchMetrics: z
      .array(
        z.strictObject({
          Namespace: name.max(1024),
          Dimensions: z.array(z.array(name.max(250)).max(30)).min(1),
          Metrics: z
            .array(
              z.strictObject({
                Name: name.max(1024),
                Unit: z.enum(["Seconds", "Milliseconds", "Count", "Percent", "None"]).optional(),
                StorageResolution: z.literal([1, 60]).optional(),
              }),
            )
            .min(1)
            .max(100),
        }),
      )
      .min(1),
  }),
});

const measured = {
  environment: "dev-3",
  operation: "apply",
  runId: "0199a7c0-0000-7000-8000-000000000001",
  requestId: "request-1",
  outcome: "finished",
  applied: 3,
  durationMs: 1234,
  at: 1_795_000_000_000,
} as const;

/** A line, checked against the specification: what it says of each metric and dimension is a member of the root. */
function valid(line: string): Record<string, unknown> {
  assert.match(line, /^\{[^\n]*\}\n$/, "one line, with nothing before or after the object");
  const document = Document.parse(JSON.parse(line));
  for (const { Dimensions, Metrics } of document._aws.CloudWatchMetrics) {
    for (const key of Dimensions.flat()) z.string().min(1).max(1024).parse(document[key]);
    for (const { Name } of Metrics) z.number().parse(document[Name]);
  }
  const names = document._aws.CloudWatchMetrics.flatMap(({ Metrics }) =>
    Metrics.map(({ Name }) => Name),
  );
  return Object.fromEntries(names.map((key) => [key, document[key]]));
}

describe("the metrics of a run", () => {
  for (const [outcome, failedRuns] of [
    ["finished", 0],
    ["cancelled", 0],
    ["refused", 0],
    ["failed", 1],
  ] as const)
    test(`are valid, and count a run that ${outcome}`, () => {
      assert.deepEqual(valid(metricsLine({ ...measured, outcome })), {
        Runs: 1,
        FailedRuns: failedRuns,
        MigrationsApplied: 3,
        Duration: 1234,
      });
    });

  test("of a paused run are what it has applied so far, because it has not ended", () => {
    assert.deepEqual(valid(metricsLine({ ...measured, outcome: undefined })), {
      MigrationsApplied: 3,
    });
  });

  test("have the environment as their only dimension, so that their number stays small", () => {
    const document = JSON.parse(metricsLine(measured)) as Record<string, unknown>;
    assert.deepEqual(
      Document.parse(document)._aws.CloudWatchMetrics.map(({ Namespace, Dimensions }) => [
        Namespace,
        Dimensions,
      ]),
      [["HasuraMigrate", [["Environment"]]]],
    );
    assert.deepEqual(
      [document.Environment, document.operation, document.outcome, document.runId],
      ["dev-3", "apply", "finished", measured.runId],
    );
  });
});
