import { v7 } from "uuid";
import type { RunEvent } from "../../protocol/events.ts";
import { Failure, fromFailureData } from "../../protocol/failure.ts";
import { decodeEvents } from "../../protocol/ndjson.ts";
import type { Request } from "../../protocol/request.ts";
import { listedBackoff } from "../../retry.ts";
import type { Connection } from "../connection/connection.ts";
import { within } from "../connection/time-limit.ts";
import type { CliContext } from "../context.ts";
import { expectEvent, nothingReported } from "./expected-events.ts";

/** Delays between repeated queries about one run, in milliseconds. */
export const queryBackoff = listedBackoff([1000, 2000, 4000, 5000]);

/** Longer than the function itself waits for a Hasura that does not answer. */
const limitMs = 90_000;

/**
 * Invokes the function for a side query while a run is in progress, under a separate run id, and returns its events.
 * Throws the failure that the function or the connection reports, and `unreachable/no-answer` after a minute and a half.
 */
export async function queryFunction(
  connection: Connection,
  request: Request,
  context: Pick<CliContext, "now" | "every"> & { readonly signal: AbortSignal },
): Promise<RunEvent[]> {
  const late = new AbortController();
  const signal = AbortSignal.any([context.signal, late.signal]);
  const query = { ...request, runId: v7({ msecs: context.now() }) };
  return within(answerTo(connection, query, signal), {
    ms: limitMs,
    every: context.every,
    late: () => {
      late.abort();
      return new Failure("unreachable", "no-answer", `No response within ${limitMs / 1000} s.`);
    },
  });
}

async function answerTo(
  connection: Connection,
  query: Request,
  signal: AbortSignal,
): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  let reported = nothingReported;
  for await (const event of decodeEvents(connection.invoke(JSON.stringify(query), signal))) {
    reported = expectEvent(reported, event, query);
    if (event.type === "run.failed") throw fromFailureData(event.failure);
    if (event.type !== "unknown" && event.type !== "heartbeat") events.push(event);
  }
  return events;
}
