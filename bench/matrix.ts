import { statSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Bench } from "./part.ts";
import { answering } from "./answering.ts";
import { median, msText, type Line } from "./table.ts";
import { usedBy, type Used } from "./used.ts";

const environments = Array.from({ length: 20 }, (_, i) => `environment-${String(i + 1)}`);
const migrations = 1000;
const rounds = 7;

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

function runOnce(scratch: string, url: string): Promise<Used> {
  return usedBy(scratch, {
    name: "status --html",
    args: ["status", "--all", "--html", "page.html", "-q"],
    cwd: scratch,
    env: { AWS_ENDPOINT_URL_LAMBDA: url },
  });
}
