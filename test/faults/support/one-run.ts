/** One run in a process of its own, as an invocation of the function is: `one-run.ts URL ROOT LIVE_MS [OPERATION]`, which can be `deploy`. One line for each event. */
import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { projectMetadata } from "../../../src/engine/project/project-metadata.ts";
import { readProject } from "../../../src/engine/project/project.ts";
import { execute } from "../../../src/engine/execute.ts";
import { hasuraOverHttp } from "../../../src/lambda/hasura/hasura-http.ts";
import { assess } from "../../../src/lambda/assess.ts";
import { withLedger } from "../../engine/support/ledger.ts";
import { requestFor } from "../../engine/support/run.ts";

const [endpoint, root, liveMs, operation = "apply"] = process.argv.slice(2);
if (endpoint === undefined || root === undefined || liveMs === undefined)
  throw new Error("usage: one-run.ts URL ROOT LIVE_MS [OPERATION]");
const hasura = hasuraOverHttp({
  endpoint,
  adminSecret: () => Promise.resolve("test-admin-secret"),
});

// The caller lets it go when it is ready to hear the events.
await new Promise((started) => process.stdin.once("data", started));
await execute(
  {
    ...(operation === "deploy" ? requestFor("apply", { metadata: true }) : requestFor(operation)),
    runId: randomUUID(),
  },
  {
    hasura,
    project: () => readProject(root),
    projectMetadata: async () => (await projectMetadata(await readProject(root))).document,
    ...withLedger({ liveMs: Number(liveMs) }),
    ...(operation === "deploy" && { assess }),
    now: () => performance.now(),
    sleep: (ms, signal) => pause(Math.ceil(ms / 100), undefined, signal && { signal }),
    random: Math.random,
    stop: new AbortController().signal,
    remainingMs: () => 900_000,
    secondTry: true,
    emit: (event) => void process.stdout.write(`${event.type}\n`),
  },
);
hasura.close();
process.stdin.destroy();
