import { writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { answering } from "./answering.ts";
import type { Bench } from "./part.ts";
import { bin, inTurns, type Command } from "./programs.ts";
import { median, msText, times, type Line } from "./table.ts";

const environments = Array.from({ length: 10 }, (_, i) => `dev-${String(i + 1)}`);
const migrations = 100;
const rounds = 15;

/** `status` of ten environments side by side, beside that of one; a stand-in for AWS answers at once. */
export async function several({ scratch }: Bench): Promise<Line[]> {
  writeFileSync(
    join(scratch, "hasura-migrate.json"),
    JSON.stringify({ environments: Object.fromEntries(environments.map((name) => [name, {}])) }),
  );
  const server = await answering(migrations);
  try {
    const { port } = server.address() as AddressInfo;
    const statusOf = (name: string, ...args: string[]): Command => ({
      name,
      file: process.execPath,
      args: [bin, "status", ...args],
      cwd: scratch,
      env: { AWS_ENDPOINT_URL_LAMBDA: `http://127.0.0.1:${String(port)}` },
    });
    const samples = await inTurns(
      [
        statusOf("one", environments[0] ?? ""),
        statusOf("ten", ...environments, "--concurrency", String(environments.length)),
      ],
      rounds,
    );
    const of = (name: string): number => median(samples.get(name) ?? []);
    return [
      { what: "status of one environment", figure: msText(of("one")), ratio: "1" },
      {
        what: "status of ten environments side by side",
        figure: msText(of("ten")),
        ratio: times(of("ten"), of("one"), "one"),
        budget: "≤ 1.5 × one",
      },
    ];
  } finally {
    server.close();
  }
}
