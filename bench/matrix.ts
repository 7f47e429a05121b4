import { readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import * as z from "zod";
import { beginStream, frame } from "../test/support/lambda-stand-in.ts";
import { finished, linesInAnswerTo, started, status } from "../test/support/run-events.ts";
import type { Bench } from "./part.ts";
import { bin, timed } from "./programs.ts";
import { median, msText, type Line } from "./table.ts";

const environments = Array.from({ length: 20 }, (_, i) => `environment-${String(i + 1)}`);
const migrations = 1000;
const rounds = 7;

const Used = z.object({ cpuMs: z.number(), megabytes: z.number() });
type Used = z.infer<typeof Used>;

/**
 * `status --html` of 20 environments with 1,000 migrations each, which a stand-in for AWS answers at once: the command's own time on
 * the processor beyond that for environments with one migration each, its memory, and the size of the page.
 */
export async function matrix({ scratch }: Bench): Promise<Line[]> {
  const [one, all] = await inTurns(scratch, [1, migrations]);
  if (!one || !all) throw new Error("nothing was measured");
  const kilobytes = Math.ceil(statSync(join(scratch, "page.html")).size / 1000);
  const of = `${String(environments.length)} × ${migrations.toLocaleString("en")}`;
  return [
    {
      what: `status --html of ${of}: own time`,
      figure: msText(all.cpuMs - one.cpuMs),
      ratio: `${msText(all.cpuMs)} in all, ${msText(one.cpuMs)} with one migration each`,
      budget: "≤ 300 ms",
    },
    {
      what: `status --html of ${of}: memory, peak`,
      figure: `${all.megabytes.toFixed(0)} MB`,
      ratio: `${one.megabytes.toFixed(0)} MB with one migration each`,
      budget: "≤ 150 MB",
    },
    {
      what: `status --html of ${of}: the page`,
      figure: `${String(kilobytes)} kB`,
      budget: "≤ 500 kB",
    },
  ];
}

/** The medians of several runs against each number of migrations, in turns. */
async function inTurns(scratch: string, counts: readonly number[]): Promise<Used[]> {
  writeFileSync(
    join(scratch, "hasura-migrate.json"),
    JSON.stringify({ environments: Object.fromEntries(environments.map((name) => [name, {}])) }),
  );
  const servers = await Promise.all(counts.map((count) => answering(count)));
  try {
    const samples = servers.map((): Used[] => []);
    for (let round = 0; round < rounds; round += 1)
      for (const [i, server] of servers.entries()) {
        const { port } = server.address() as AddressInfo;
        samples[i]?.push(await runOnce(scratch, `http://127.0.0.1:${String(port)}`));
      }
    const of = (used: readonly Used[], key: keyof Used): number =>
      median(used.map((sample) => sample[key]));
    return samples.map((used) => ({ cpuMs: of(used, "cpuMs"), megabytes: of(used, "megabytes") }));
  } finally {
    for (const server of servers) server.close();
  }
}

async function runOnce(scratch: string, url: string): Promise<Used> {
  const [report, preload] = [join(scratch, "used.json"), join(scratch, "report-use.mjs")];
  writeFileSync(
    preload,
    `import { writeFileSync } from "node:fs";
process.on("exit", () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const used = { cpuMs: (userCPUTime + systemCPUTime) / 1000, megabytes: maxRSS / 1024 };
  writeFileSync(${JSON.stringify(report)}, JSON.stringify(used));
});
`,
  );
  await timed({
    name: "status --html",
    file: process.execPath,
    args: ["--import", preload, bin, "status", "--all", "--html", "page.html", "-q"],
    cwd: scratch,
    env: { AWS_ENDPOINT_URL_LAMBDA: url },
  });
  return Used.parse(JSON.parse(readFileSync(report, "utf8")));
}

/** A stand-in for AWS Lambda, whose every function answers `status` with this many migrations, two in a run. */
async function answering(count: number): Promise<Server> {
  const first = Date.UTC(2024, 0, 1);
  const rows = Array.from({ length: count }, (_, i) => {
    const run = i - (i % 2);
    const at = first + run * 80_000_000 + (i % 2) * 1500 + ((run * 7919) % 40_000);
    const digits = (first + run * 80_000_000).toString(16).padStart(12, "0");
    return {
      version: String(1_700_000_000_000 + i * 80_000_000),
      name: `create_item_${String(i)}`,
      ...(i === count - 1
        ? { state: "pending" }
        : {
            ...{ state: "applied", appliedAt: new Date(at).toISOString() },
            appliedBy: `developer-${String((run / 2) % 20)}`,
            runId: `${digits.slice(0, 8)}-${digits.slice(8)}-7000-8000-${String(run).padStart(12, "0")}`,
          }),
      hasDown: true,
    };
  });
  const events = [started(), status(rows), finished(0)];
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => (body += text));
    request.on("end", () => {
      beginStream(response);
      // Frames of a size that Lambda sends.
      const lines = linesInAnswerTo(body, events);
      for (let at = 0; at < lines.length; at += 32_768)
        response.write(frame("PayloadChunk", lines.slice(at, at + 32_768)));
      response.end(frame("InvokeComplete", "{}"));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}
