import { contextOf } from "./context.ts";
import { reportOf } from "./error-report.ts";
import { type Handler, streaming } from "./load-handler.ts";
import { ResponseStream } from "./response-stream.ts";
import type { RuntimeApiClient, Work } from "./runtime-api.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** Runs the handler once and delivers what came of it. Rejects only when the Runtime API has gone away. */
export async function invoke(
  handler: Handler,
  work: Work,
  client: RuntimeApiClient,
  env: Env,
): Promise<void> {
  const context = contextOf(work, env, Date.now);
  if (handler[streaming] === "response") return invokeStreaming(handler, work, client, context);
  try {
    const value = await handler(JSON.parse(work.event), context);
    await client.post(
      `invocation/${work.requestId}/response`,
      value === undefined ? "null" : JSON.stringify(value),
    );
  } catch (thrown) {
    await client.post(`invocation/${work.requestId}/error`, JSON.stringify(reportOf(thrown)));
  }
}

/** A handler that returns without ending its stream waits for its time-out here, as it does on Lambda. */
async function invokeStreaming(
  handler: Handler,
  work: Work,
  client: RuntimeApiClient,
  context: object,
): Promise<void> {
  const stream = new ResponseStream(client, work.requestId);
  try {
    await handler(JSON.parse(work.event), stream, context);
  } catch (thrown) {
    stream.fail(thrown);
  }
  await stream.delivered;
}
