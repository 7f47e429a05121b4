import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Hasura } from "../src/engine/hasura/client.ts";
import { readProject } from "../src/engine/project/project.ts";
import { execute } from "../src/engine/execute.ts";
import { openStore } from "../src/lambda/open-store.ts";
import { hasuraOverHttp } from "../src/lambda/hasura/hasura-http.ts";
import { readSettings } from "../src/lambda/settings.ts";
import { startHasuraApi } from "../src/local/hasura-api/index.ts";
import type { RunEvent } from "../src/protocol/events.ts";
import { Request } from "../src/protocol/request.ts";
import type { Bench } from "./part.ts";
import { generated, hasuraProject } from "./projects.ts";
import { newDatabase } from "./served.ts";
import { median, msText, times, type Line } from "./table.ts";

const count = 300;
const rounds = 5;

/** The migration stores that are compared. `shared`: several migrations may share a request. */
const variants = {
  "catalog state alone": { ledger: "off", shared: false },
  "ledger, one migration per request": { ledger: "on", shared: false },
  "ledger, as shipped": { ledger: "on", shared: true },
} as const;
type Variant = keyof typeof variants;

/** The cost of the ledger: the same migrations, applied by the same engine in one process, with the catalog state alone and with the ledger. */
export async function ledger({ serverUrl, scratch }: Bench): Promise<Line[]> {
  const root = hasuraProject(join(scratch, "ledger"), generated(count));
  const names = Object.keys(variants) as Variant[];
  const took = new Map(names.map((name) => [name, [] as number[]]));
  const requests = new Map<Variant, number>();
  for (let round = 0; round <= rounds; round += 1) {
    for (const name of names) {
      const { ms, requests: requestCount } = await oneRun(
        root,
        await newDatabase(serverUrl, "bench_ledger"),
        name,
      );
      if (round > 0) took.get(name)?.push(ms); // the first round warms up the process
      requests.set(name, requestCount);
    }
  }
  const of = (name: Variant): number => median(took.get(name) ?? []);
  const base = of("catalog state alone");
  return names.map((name) => ({
    what: `${String(count)} migrations in one process: ${name}`,
    figure: `${msText(of(name))}, ${String(requests.get(name))} requests`,
    ratio: times(of(name), base, "catalog"),
    ...(name !== "catalog state alone" && { budget: "≤ 1.15 × catalog" }),
  }));
}

async function oneRun(
  root: string,
  url: string,
  name: Variant,
): Promise<{ ms: number; requests: number }> {
  let requestCount = 0;
  const sources = [{ name: "default", kind: "postgres", url }];
  const api = await startHasuraApi({
    metadataUrl: url,
    sources,
    adminSecret: "bench",
    log: () => (requestCount += 1),
  });
  const hasura = hasuraOverHttp({ endpoint: api.url, adminSecret: () => Promise.resolve("bench") });
  try {
    const { ledger, shared } = variants[name];
    const settings = readSettings({
      HASURA_MIGRATE_ENVIRONMENT: "bench",
      HASURA_MIGRATE_ENDPOINT: api.url,
      HASURA_MIGRATE_LEDGER: ledger,
    });
    let last: RunEvent | undefined;
    const startedAt = performance.now();
    await execute(request(), {
      hasura: shared ? hasura : oneByOne(hasura),
      project: () => readProject(root),
      openStore: openStore(settings, { requestId: "bench", redact: (text) => text }),
      now: () => performance.now(),
      sleep: async (ms, signal) => {
        await pause(ms, undefined, signal && { signal });
      },
      random: Math.random,
      emit: (event) => void (last = event),
      stop: new AbortController().signal,
      remainingMs: () => 900_000,
    });
    const ms = performance.now() - startedAt;
    if (last?.type !== "run.finished" || last.applied !== count)
      throw new Error(`the run ended with ${JSON.stringify(last)}`);
    return { ms, requests: requestCount };
  } finally {
    hasura.close();
    await api.stop();
  }
}

function request(): Request {
  const actor = { user: "bench", host: "bench" };
  return Request.parse({
    contract: 1,
    runId: randomUUID(),
    environment: "bench",
    actor,
    operation: "apply",
    options: {},
  });
}

/** Each migration in a request of its own. */
function oneByOne(hasura: Hasura): Hasura {
  return new Proxy(hasura, {
    get: (target, name): unknown => (name === "runSqls" ? undefined : Reflect.get(target, name)),
  });
}
