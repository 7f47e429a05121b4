import { readFileSync, statSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import * as z from "zod";
import type { Bench } from "./part.ts";
import { answering } from "./answering.ts";
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
