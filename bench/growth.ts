import { join } from "node:path";
import * as z from "zod";
import type { Bench } from "./part.ts";
import { hasuraProject, trivial } from "./projects.ts";
import { bin, root, timed } from "./programs.ts";
import { newDatabase, servedSealed, type Served } from "./served.ts";
import { median, msText, type Line } from "./table.ts";

const sizes = [50, 500, 5000];
const operations = ["status", "plan"];
const pending = 10;
const rounds = 15;
/** The first ones start and warm up the function. */
const warmUp = 3;

const Finished = z.object({ type: z.literal("run.finished"), tookMs: z.number() });

interface Figures {
  readonly wholeMs: number;
  /** The duration that the function reports, without the network and the terminal. */
  readonly functionMs: number;
  readonly bytes: number;
}

/** `status` and `plan` with ten pending migrations, in projects of growing size, sealed as in an image. The sizes alternate. */
export async function growth({ serverUrl, scratch }: Bench): Promise<Line[]> {
  const environments = new Map<number, Served>();
  try {
    for (const size of sizes) environments.set(size, await withHistory(size, serverUrl, scratch));
    const samples = new Map<string, Figures[]>();
    for (let round = 0; round < warmUp + rounds; round += 1)
      for (const [size, environment] of environments)
        for (const operation of operations) {
          const figures = await once(operation, environment, scratch);
          const key = keyOf(operation, size);
          if (round >= warmUp) samples.set(key, [...(samples.get(key) ?? []), figures]);
        }
    return sizes.flatMap((size) =>
      operations.map((operation) => {
        const of = (of: number): Figures => medians(samples.get(keyOf(operation, of)) ?? []);
        return lineOf(operation, size, of(size), of(sizes[0] ?? size));
      }),
    );
  } finally {
    for (const environment of environments.values()) await environment.stop();
  }
}

function keyOf(operation: string, size: number): string {
  return `${operation} ${String(size)}`;
}

/** A project of that many migrations with the manifest of an image, all but a few of them applied. */
async function withHistory(size: number, serverUrl: string, scratch: string): Promise<Served> {
  const name = `growth-${String(size)}`;
  const migrations = trivial(size);
  const project = hasuraProject(join(scratch, name), migrations);
  await timed({
    name: "write-manifest",
    file: process.execPath,
    args: [join(root, "dist/function/write-manifest.mjs"), project],
  });
  const database = await newDatabase(serverUrl, `bench_growth_${String(size)}`);
  const environment = await servedSealed(project, database, join(scratch, `${name}-home`));
  const versions = migrations.slice(0, -pending).map(({ version }) => version);
  await timed({
    name: "mark",
    file: process.execPath,
    args: [bin, "mark", "dev-1", ...versions, "--applied", ...endpointOf(environment)],
    env: { AWS_ACCESS_KEY_ID: environment.accessKeyId },
  });
  return environment;
}

function endpointOf({ lambdaUrl }: Served): string[] {
  return ["--endpoint-url", lambdaUrl];
}

function lineOf(operation: string, size: number, figures: Figures, smallest: Figures): Line {
  const ratio = (key: "wholeMs" | "functionMs"): string =>
    (figures[key] / smallest[key]).toFixed(2);
  return {
    what: `${operation} of ${String(size)} migrations, ${String(pending)} pending`,
    figure: `${msText(figures.wholeMs)}, of which in the function ${msText(figures.functionMs)}; ${(figures.bytes / 1000).toFixed(0)} kB`,
    ratio: `${ratio("wholeMs")} ×, function ${ratio("functionMs")} ×`,
    ...(size === sizes.at(-1) && { budget: "≤ 1.5 × that of 50, function ≤ 1.3 ×" }),
  };
}

async function once(operation: string, environment: Served, scratch: string): Promise<Figures> {
  const { ms, stdout } = await timed({
    name: operation,
    file: process.execPath,
    args: [bin, operation, "dev-1", "--json", ...endpointOf(environment)],
    cwd: scratch,
    env: { AWS_ACCESS_KEY_ID: environment.accessKeyId },
  });
  const last = Finished.parse(
    JSON.parse(stdout.split("\n").find((line) => line.includes('"run.finished"')) ?? "null"),
  );
  return { wholeMs: ms, functionMs: last.tookMs, bytes: stdout.length };
}

function medians(samples: readonly Figures[]): Figures {
  const of = (key: keyof Figures): number => median(samples.map((sample) => sample[key]));
  return { wholeMs: of("wholeMs"), functionMs: of("functionMs"), bytes: of("bytes") };
}
