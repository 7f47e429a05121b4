import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { startPostgres } from "../src/local/postgres/index.ts";
import { growth } from "./growth.ts";
import { ledger } from "./ledger.ts";
import { packageFigures } from "./package.ts";
import { startup } from "./startup.ts";
import { tableOf, type Line } from "./table.ts";
import { throughput } from "./throughput.ts";

/** What a part of the benchmark may use. */
export interface Bench {
  /** A superuser of the one server that everything in a run shares; its durability is the server's default. */
  readonly serverUrl: string;
  /** An empty directory, gone afterwards. */
  readonly scratch: string;
}

const parts: Record<string, (bench: Bench) => Promise<Line[]>> = {
  startup,
  package: packageFigures,
  throughput,
  ledger,
  growth,
};

const asked = process.argv.slice(2);
const chosen = asked.length > 0 ? asked : Object.keys(parts);
const scratch = mkdtempSync(join(tmpdir(), "hasura-migrate-bench-"));
chmodSync(scratch, 0o711); // as root, the server runs under another user
const server = await startPostgres({ directory: join(scratch, "postgres") });
try {
  const lines: Line[] = [];
  for (const name of chosen) {
    const part = parts[name];
    if (part === undefined)
      throw new Error(`No part is called ${name}; there are ${Object.keys(parts).join(", ")}`);
    process.stderr.write(`${name} …\n`);
    lines.push(...(await part({ serverUrl: server.url, scratch })));
  }
  const memory = Math.round(totalmem() / 2 ** 30);
  process.stdout.write(
    `Node ${process.version}, ${String(cpus().length)} cores, ${String(memory)} GB, ${process.platform}\n\n${tableOf(lines)}\n`,
  );
} finally {
  await server.stop();
  rmSync(scratch, { recursive: true, force: true });
}
