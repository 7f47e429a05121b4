import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { metadataProject } from "./metadata-project.ts";
import type { Bench } from "./part.ts";
import { bin, timed, type Command } from "./programs.ts";
import { newDatabase, served, type Served } from "./served.ts";
import { median, msText, times, type Line } from "./table.ts";
import { usedBy } from "./used.ts";

const tables = 500;
const rounds = 5;

/**
 * The metadata of 500 tables with permissions for five roles: read from the files and compared with what the server has, and applied. If
 * `HASURA_CLI_BINARY` names the official CLI, it does the same on the same server, and the processor time of both is compared.
 */
export async function metadata({ serverUrl, scratch }: Bench): Promise<Line[]> {
  const project = metadataProject(join(scratch, "metadata"), tables);
  const url = await newDatabase(serverUrl, "bench_metadata");
  const serving = await served(join(project, "migrations"), url, "--debug");
  try {
    const ours = (...args: string[]): Command => ({
      name: args.join(" "),
      file: process.execPath,
      args: [bin, ...args, "dev-1", "--from", project, "--endpoint-url", serving.lambdaUrl],
    });
    await timed(ours("apply"));
    const first = serving.requests();
    await timed(ours("metadata", "apply"));
    const applied = serving.requests() - first;
    const compared = await comparing(ours("metadata", "diff"), scratch);
    return [
      {
        what: `metadata of ${String(tables)} tables: own time to read, convert and send it`,
        figure: msText(compared.cpuMs),
        budget: "≤ 1 s",
      },
      {
        what: "the same, memory at the peak",
        figure: `${compared.megabytes.toFixed(0)} MB`,
        budget: "≤ 200 MB",
      },
      {
        what: "the function's time to compare it",
        figure: msText(compared.functionMs),
        budget: "≤ 1 s",
      },
      ...(await official(serving, project, compared.cpuMs)),
      { what: "requests to Hasura of metadata apply", figure: String(applied) },
      {
        what: "requests to Hasura if nothing is to be changed, also those at the same time",
        figure: String(await requestsOf(ours("apply", "--metadata"), serving)),
        budget: "≤ 6 one after the other",
      },
    ];
  } finally {
    await serving.stop();
  }
}

const Finished = z.object({ type: z.literal("run.finished"), tookMs: z.number() });

/** `metadata diff`, whose own time is all but the function's. */
async function comparing(
  command: Command,
  scratch: string,
): Promise<{ readonly cpuMs: number; readonly megabytes: number; readonly functionMs: number }> {
  const used = [];
  const functionMs = [];
  for (let round = 0; round < rounds; round += 1) {
    used.push(await usedBy(scratch, { ...command, args: command.args.slice(1) }));
    const { stdout } = await timed({ ...command, args: [...command.args, "--json"] });
    const last: unknown = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
    functionMs.push(Finished.parse(last).tookMs);
  }
  return {
    cpuMs: median(used.map(({ cpuMs }) => cpuMs)),
    megabytes: Math.max(...used.map(({ megabytes }) => megabytes)),
    functionMs: median(functionMs),
  };
}

/** The official CLI's processor time for the same files, on Linux. */
async function official(serving: Served, project: string, ownMs: number): Promise<Line[]> {
  const binary = process.env["HASURA_CLI_BINARY"];
  if (binary === undefined || process.platform !== "linux") return [];
  const command: Command = {
    name: "hasura metadata apply --dry-run",
    file: binary,
    args: [
      ...["metadata", "apply", "--dry-run", "--skip-update-check", "--project", project],
      ...["--endpoint", serving.hasuraUrl, "--admin-secret", serving.adminSecret],
    ],
  };
  const samples = [];
  for (let round = 0; round < rounds; round += 1) {
    const before = childrenCpuMs();
    await timed(command);
    samples.push(childrenCpuMs() - before);
  }
  return [
    {
      what: "the same by the official CLI (metadata apply --dry-run), own time",
      figure: msText(median(samples)),
      ratio: `we are ${times(ownMs, median(samples), "official")}`,
      budget: "≤ 0.5 × official",
    },
  ];
}

/** Processor time of all processes that this one has waited for, in milliseconds. */
function childrenCpuMs(): number {
  const fields = readFileSync("/proc/self/stat", "utf8").split(") ")[1]?.split(" ") ?? [];
  // cutime and cstime, in ticks of 10 ms.
  return (Number(fields[13]) + Number(fields[14])) * 10;
}

async function requestsOf(command: Command, serving: Served): Promise<number> {
  const before = serving.requests();
  await timed(command);
  return serving.requests() - before;
}
