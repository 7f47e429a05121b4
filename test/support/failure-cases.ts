import assert from "node:assert/strict";
import { test, type TestContext } from "vitest";
import { main } from "../../src/cli/main.ts";
import { beginStream, frame, lambdaStandIn, streams, type Answer } from "./lambda-stand-in.ts";
import {
  applied,
  finished,
  item,
  linesInAnswerTo,
  migrationStarted,
  plan,
  started,
} from "./run-events.ts";
import { testContext, type TestCliContext } from "./test-context.ts";
import { keys } from "./aws-keys.ts";

export const row = ["1700000000100", "add_order_notes"] as const;
export const begun = [started(), plan([item(...row)]), migrationStarted(...row)];

export interface FailureCase {
  readonly name: string;
  readonly answers: readonly Answer[];
  readonly exit: number;
  readonly says: readonly RegExp[];
  readonly argv?: readonly string[];
  /** Kinds of calls that must have been made, exactly. */
  readonly calls?: readonly string[];
}

/** Sends the events, then does something else than ending well. */
export function broken(
  events: readonly object[],
  end: (response: Parameters<Answer>[0]) => void,
): Answer {
  return (response, { body }) => {
    beginStream(response);
    response.write(frame("PayloadChunk", linesInAnswerTo(body, events)), () => end(response));
  };
}

export const stillRunning = [
  /^! The connection broke after .*; the function may still be running\.$/m,
  /→ hasura-migrate status dev-3/,
];
export const good = streams([...begun, applied(...row), finished(1)]);

export async function run(
  t: TestContext,
  { answers, argv }: FailureCase,
): Promise<{ context: TestCliContext; exit: number; calls: string[] }> {
  const lambda = await lambdaStandIn(t, answers);
  const context = testContext(t, {
    argv: argv ?? ["dev-3"],
    env: { ...keys, AWS_ENDPOINT_URL_LAMBDA: lambda.url },
  });
  const exit = await main(context);
  return { context, exit, calls: lambda.calls.map(({ kind }) => kind) };
}

/** A test for each: its words, its exit code, and how often Lambda was asked. */
export function testFailureCases(failureCases: readonly FailureCase[]): void {
  for (const failureCase of failureCases) {
    test(`${failureCase.name}: exit ${failureCase.exit}`, async (t) => {
      const { context, exit, calls } = await run(t, failureCase);
      for (const pattern of failureCase.says) assert.match(context.err.text, pattern);
      assert.equal(exit, failureCase.exit, context.err.text);
      if (failureCase.calls) assert.deepEqual(calls, failureCase.calls);
    });
  }
}
