import { contextOf } from "./context.ts";
import { reportOf } from "./error-report.ts";
import { type Handler, streaming } from "./load-handler.ts";
import { ResponseStream } from "./response-stream.ts";
import type { RuntimeApiClient, RuntimeInvocation } from "./runtime-api.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** Runs the handler once and sends its result or error. Rejects only when the Runtime API is gone. */
export async function invoke(
  handler: Handler,
  invocation: RuntimeInvocation,
  client: RuntimeApiClient,
  env: Env,
): Promise<void> {
  const context = contextOf(invocation, env, Date.now);
  if (handler[streaming] === "response")
    return invokeStreaming(handler, invocation, client, context);
  try {
    const value = await handler(JSON.parse(invocation.event), context);
    await client.post(
      `invocation/${invocation.requestId}/response`,
      value === undefined ? "null" : JSON.stringify(value),
    );
  } catch (thrown) {
    await client.post(`invocation/${invocation.requestId}/error`, JSON.stringify(reportOf(thrown)));
  }
}

/** As on Lambda, a handler that returns without ending its stream waits until it times out. */
async function invokeStreaming(
  handler: Handler,
  invocation: RuntimeInvocation,
  client: RuntimeApiClient,
  context: object,
): Promise<void> {
  const stream = new ResponseStream(client, invocation.requestId);
  try {
    await handler(JSON.parse(invocation.event), stream, context);
  } catch (thrown) {
    stream.fail(thrown);
  }
  await stream.delivered;
}
