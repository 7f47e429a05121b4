import { v7 } from "uuid";
import type { RunEvent } from "../../protocol/events.ts";
import { fromFailureData } from "../../protocol/failure.ts";
import { decodeEvents } from "../../protocol/ndjson.ts";
import type { Request } from "../../protocol/request.ts";
import { listedBackoff } from "../../retry.ts";
import type { Connection } from "../connection/connection.ts";

/** Delays between repeated queries about one run, in milliseconds. */
export const queryBackoff = listedBackoff([1000, 2000, 4000, 5000]);

/**
 * Invokes the function for a side query while a run is in progress, under a run id of its own, and returns its events.
 * Throws the failure that the function or the connection reports.
 */
export async function queryFunction(
  connection: Connection,
  request: Request,
  { signal, now }: { readonly signal: AbortSignal; readonly now: () => number },
): Promise<RunEvent[]> {
  const payload = JSON.stringify({ ...request, runId: v7({ msecs: now() }) });
  const events: RunEvent[] = [];
  for await (const event of decodeEvents(connection.invoke(payload, signal))) {
    if (event.type === "run.failed") throw fromFailureData(event.failure);
    if (event.type !== "unknown") events.push(event);
  }
  return events;
}
