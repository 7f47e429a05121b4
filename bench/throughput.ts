import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Bench } from "./part.ts";
import {
  generated,
  graphileMigrateProject,
  hasuraProject,
  nodePgMigrateProject,
  psqlScript,
} from "./projects.ts";
import { bin, onPath, root, timed, type Command } from "./programs.ts";
import { functionMemoryMb, newDatabase, served } from "./served.ts";
import { median, msText, times, type Line } from "./table.ts";

const count = 500;
const rounds = 5;

/** The other tools, in versions that run on Node 20; installed into a cache, not as dependencies. */
const competitors = ["node-pg-migrate@8.0.4", "graphile-migrate@1.4.1", "pg@8.16.3"];

interface Figures {
  readonly ms: number[];
  memoryMb: number | undefined;
}

/** 500 migrations on an empty database, with this program and with tools that connect to PostgreSQL directly; all use one transaction per migration. */
export async function throughput({ serverUrl, scratch }: Bench): Promise<Line[]> {
  const migrations = generated(count);
  const project = hasuraProject(join(scratch, "hasura"), migrations);
  const tools = await directTools(scratch, migrations);
  const ours: Figures = { ms: [], memoryMb: undefined };
  const direct = new Map(tools.map(({ name }) => [name, [] as number[]]));
  for (let round = 0; round < rounds; round += 1) {
    await runOurs(project, await newDatabase(serverUrl, "bench_ours"), ours);
    for (const { name, command } of tools)
      direct
        .get(name)
        ?.push((await timed(command(await newDatabase(serverUrl, "bench_direct")))).ms);
  }
  const requests = await countRequests(project, await newDatabase(serverUrl, "bench_ours"));
  const init = await initMs();
  const medians = [...direct].map(([name, values]) => ({ name, ms: median(values) }));
  const quickest = medians.filter(({ name }) => name !== "psql").toSorted((a, b) => a.ms - b.ms)[0];
  const us = median(ours.ms);
  const each = (ms: number): string => `${msText(ms)}, ${(ms / count).toFixed(1)} ms each`;
  return [
    {
      what: `${String(count)} migrations: CLI, warm function, HTTP, PostgreSQL`,
      figure: each(us),
      ...(quickest && { ratio: times(us, quickest.ms, quickest.name) }),
      budget: "≤ 1.25 × quickest tool",
    },
    ...medians.map(({ name, ms }) => ({
      what: `the same with ${name}, directly`,
      figure: each(ms),
      ratio: `hasura-migrate: ${times(us, ms, name)}`,
    })),
    {
      what: "requests to Hasura in total",
      figure: String(requests),
      ratio: `${(requests / count).toFixed(2)} a migration`,
      budget: `≤ ${String(6 + 2 * count)}`,
    },
    {
      what: "the function's memory, peak",
      figure: ours.memoryMb === undefined ? "not measured here" : `${ours.memoryMb.toFixed(0)} MB`,
    },
    { what: "the function's own init", figure: msText(init), budget: "≤ 150 ms" },
  ];
}

/** One round with a warm function, as in an environment that is in use. */
async function runOurs(project: string, databaseUrl: string, into: Figures): Promise<void> {
  const environment = await served(project, databaseUrl);
  try {
    await timed(ourCommand(environment.lambdaUrl, "status"));
    const { ms } = await timed(ourCommand(environment.lambdaUrl));
    into.ms.push(ms);
    into.memoryMb = functionMemoryMb(environment.pid);
  } finally {
    await environment.stop();
  }
}

/** Counts in a separate round, because logging would affect the measured time. */
async function countRequests(project: string, databaseUrl: string): Promise<number> {
  const environment = await served(project, databaseUrl, "--debug");
  try {
    await timed(ourCommand(environment.lambdaUrl));
    return environment.requests();
  } finally {
    await environment.stop();
  }
}

function ourCommand(lambdaUrl: string, ...operation: string[]): Command {
  return {
    name: "hasura-migrate",
    file: process.execPath,
    args: [bin, ...operation, "dev-1", "--endpoint-url", lambdaUrl],
  };
}

/** How long Node takes to load the handler, beyond starting itself. */
async function initMs(): Promise<number> {
  const handler = JSON.stringify(join(root, "dist/function/index.mjs"));
  const script = `const from = performance.now(); await import(${handler}); console.log(performance.now() - from)`;
  const samples: number[] = [];
  for (let i = 0; i < 7; i += 1) {
    const { stdout } = await timed({
      name: "init",
      file: process.execPath,
      args: ["--input-type=module", "-e", script],
    });
    samples.push(Number(stdout));
  }
  return median(samples);
}

async function directTools(
  scratch: string,
  migrations: ReturnType<typeof generated>,
): Promise<{ name: string; command: (url: string) => Command }[]> {
  const cache = join(root, "node_modules/.cache/bench");
  mkdirSync(cache, { recursive: true });
  writeFileSync(join(cache, "package.json"), '{"private":true}');
  await timed({
    name: "npm install",
    file: "npm",
    args: ["install", "--no-audit", "--no-fund", "--prefer-offline", ...competitors],
    cwd: cache,
  });
  const script = (name: string): string => join(cache, "node_modules", name);
  const pgMigrations = nodePgMigrateProject(join(scratch, "node-pg-migrate"), migrations);
  const graphile = graphileMigrateProject(join(scratch, "graphile"), migrations);
  const psql = onPath("psql");
  const sql = psqlScript(join(scratch, "all.sql"), migrations);
  return [
    ...(psql === undefined
      ? []
      : [
          {
            name: "psql",
            command: (url: string) => ({
              name: "psql",
              file: psql,
              args: ["-qX", "-v", "ON_ERROR_STOP=1", "-f", sql, url],
            }),
          },
        ]),
    {
      name: "node-pg-migrate",
      command: (url) => ({
        name: "node-pg-migrate",
        file: process.execPath,
        args: [
          script("node-pg-migrate/bin/node-pg-migrate.js"),
          "up",
          "-m",
          pgMigrations,
          "--no-single-transaction",
          "--no-verbose",
        ],
        env: { DATABASE_URL: url },
      }),
    },
    {
      name: "graphile-migrate",
      command: (url) => ({
        name: "graphile-migrate",
        file: process.execPath,
        args: [script("graphile-migrate/dist/cli.js"), "migrate"],
        cwd: graphile,
        env: { DATABASE_URL: url },
      }),
    },
  ];
}
