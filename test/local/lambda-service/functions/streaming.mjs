let calls = 0;

/** `calls` shows whether a process was used again. */
const lambda = /** @type {{ streamifyResponse: (handler: typeof run) => unknown }} */ (
  Reflect.get(globalThis, "awslambda")
);
export const handler = lambda.streamifyResponse(run);

/**
 * @typedef {{ log?: string, throwFirst?: boolean, release?: string, throw?: boolean, exit?: number, seen?: string, spin?: boolean, afterEnd?: string, hang?: boolean, bytes?: number, neverEnd?: boolean }} Event
 * @param {Event} event
 * @param {import("node:stream").Writable} out
 * @param {{ invokedFunctionArn: string, clientContext?: unknown }} context
 */
async function run(event, out, context) {
  calls += 1;
  if (event.log) console.log(event.log);
  if (event.throwFirst) throw new TypeError("before the first byte");
  out.write(
    `${JSON.stringify({ calls, pid: process.pid, event, arn: context.invokedFunctionArn, client: context.clientContext })}\n`,
  );
  if (event.release) await fetch(event.release);
  await failInTheMiddle(event);
  if (event.bytes) out.write(Buffer.alloc(event.bytes, "x"));
  if (!event.neverEnd) out.end();
  if (event.afterEnd) await fetch(event.afterEnd);
}

/** Throws, exits, or never returns, where the event asks for it. */
async function failInTheMiddle(/** @type {Event} */ event) {
  if (event.throw) throw new RangeError("in the middle");
  if (event.exit !== undefined) {
    await fetch(event.seen ?? "");
    process.exit(event.exit);
  }
  if (event.spin) for (;;);
  if (event.hang) await new Promise(() => setInterval(() => undefined, 1000));
}
