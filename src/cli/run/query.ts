import { v7 } from "uuid";
import type { RunEvent } from "../../protocol/events.ts";
import { fromFailureData } from "../../protocol/failure.ts";
import { decodeEvents } from "../../protocol/ndjson.ts";
import type { Request } from "../../protocol/request.ts";
import type { Connection } from "../connection/connection.ts";

/** A question beside a run: one short invocation under an id of its own (the run's id would be the run), whose events are kept to itself. Throws what the function or the way to it failed with. */
export async function queryFunction(
  connection: Connection,
  request: Request,
  { signal, now }: { signal: AbortSignal; now: () => number },
): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  for await (const event of decodeEvents(
    connection.invoke(JSON.stringify({ ...request, runId: v7({ msecs: now() }) }), signal),
  )) {
    if (event.type === "run.failed") throw fromFailureData(event.failure);
    if (event.type !== "unknown") events.push(event);
  }
  return events;
}
