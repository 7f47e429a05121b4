import { join } from "node:path";
import * as z from "zod";
import type { Bench } from "./part.ts";
import { hasuraProject, trivial } from "./projects.ts";
import { bin, timed } from "./programs.ts";
import { newDatabase, served } from "./served.ts";
import { median, msText, type Line } from "./table.ts";

const sizes = [50, 500, 5000];
const pending = 10;
const rounds = 7;

const Finished = z.object({ type: z.literal("run.finished"), tookMs: z.number() });

interface Figures {
  readonly wholeMs: number;
  /** The duration that the function reports, without the network and the terminal. */
  readonly functionMs: number;
  readonly bytes: number;
}

/** `status` and `plan` with ten pending migrations, in projects of growing size. */
export async function growth({ serverUrl, scratch }: Bench): Promise<Line[]> {
  const lines: Line[] = [];
  const first = new Map<string, Figures>();
  for (const size of sizes) {
    const migrations = trivial(size);
    const project = hasuraProject(join(scratch, `growth-${String(size)}`), migrations);
    const environment = await served(project, await newDatabase(serverUrl, "bench_growth"));
    try {
      const applied = migrations.slice(0, -pending).map(({ version }) => version);
      await timed({
        name: "mark",
        file: process.execPath,
        args: [
          bin,
          "mark",
          "dev-1",
          ...applied,
          "--applied",
          "--endpoint-url",
          environment.lambdaUrl,
        ],
      });
      for (const operation of ["status", "plan"]) {
        const figures = await measure(operation, environment.lambdaUrl, scratch);
        const smallest = first.get(operation) ?? figures;
        first.set(operation, smallest);
        const ratio = (key: "wholeMs" | "functionMs"): string =>
          (figures[key] / smallest[key]).toFixed(2);
        lines.push({
          what: `${operation} of ${String(size)} migrations, ${String(pending)} pending`,
          figure: `${msText(figures.wholeMs)}, of which in the function ${msText(figures.functionMs)}; ${(figures.bytes / 1000).toFixed(0)} kB`,
          ratio: `${ratio("wholeMs")} ×, function ${ratio("functionMs")} ×`,
          ...(size === sizes.at(-1) && { budget: "≤ 1.5 × that of 50, function ≤ 1.3 ×" }),
        });
      }
    } finally {
      await environment.stop();
    }
  }
  return lines;
}

async function measure(operation: string, lambdaUrl: string, scratch: string): Promise<Figures> {
  const samples: Figures[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const args = [bin, operation, "dev-1", "--json", "--endpoint-url", lambdaUrl];
    const { ms, stdout } = await timed({
      name: operation,
      file: process.execPath,
      args,
      cwd: scratch,
    });
    const last = Finished.parse(
      JSON.parse(stdout.split("\n").find((line) => line.includes('"run.finished"')) ?? "null"),
    );
    if (round > 0) samples.push({ wholeMs: ms, functionMs: last.tookMs, bytes: stdout.length });
  }
  const of = (key: keyof Figures): number => median(samples.map((sample) => sample[key]));
  return { wholeMs: of("wholeMs"), functionMs: of("functionMs"), bytes: of("bytes") };
}
