let calls = 0;

/** @typedef {{ log?: string, release?: string, throw?: boolean, throwText?: boolean, reject?: boolean, hang?: boolean, exit?: number, kill?: string, memory?: boolean, bytes?: number, env?: boolean, nothing?: boolean }} Event */

/**
 * Does what the event says, and answers at the end.
 * @param {Event} event
 * @param {{ invokedFunctionArn: string, clientContext?: unknown, getRemainingTimeInMillis: () => number }} context
 */
export async function handler(event, context) {
  calls += 1;
  if (event.log) console.log(event.log);
  if (event.release) await fetch(event.release);
  await fail(event);
  if (event.bytes) return "x".repeat(event.bytes);
  if (event.env) return { ...process.env };
  if (event.nothing) return undefined;
  return {
    calls,
    pid: process.pid,
    event,
    arn: context.invokedFunctionArn,
    left: context.getRemainingTimeInMillis(),
    client: context.clientContext,
  };
}

async function fail(/** @type {Event} */ event) {
  if (event.throw) throw Object.assign(new RangeError("no"), { secret: "not passed on" });
  if (event.throwText) throw "text"; // eslint-disable-line @typescript-eslint/only-throw-error -- a handler may
  if (event.reject) void Promise.reject(new Error("nobody caught this"));
  if (event.reject || event.hang) await new Promise(() => setInterval(() => undefined, 1000));
  if (event.exit !== undefined) process.exit(event.exit);
  if (event.kill) process.kill(process.pid, event.kill);
  if (event.memory) for (const kept = []; ;) kept.push(new Array(10_000).fill(calls + kept.length));
}
