import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { startPostgres } from "../src/local/postgres/index.ts";
import { deploy } from "./deploy.ts";
import { growth } from "./growth.ts";
import { ledger } from "./ledger.ts";
import { lintFigures } from "./lint.ts";
import { metadata } from "./metadata.ts";
import { matrix } from "./matrix.ts";
import { packageFigures } from "./package.ts";
import type { Part } from "./part.ts";
import { several } from "./several.ts";
import { startup } from "./startup.ts";
import { tableOf, type Line } from "./table.ts";
import { throughput } from "./throughput.ts";
import { uploads } from "./uploads.ts";
import { verifyFigures } from "./verify.ts";

const parts: Record<string, Part> = {
  startup,
  package: packageFigures,
  throughput,
  uploads,
  ledger,
  growth,
  several,
  matrix,
  verify: verifyFigures,
  lint: lintFigures,
  metadata,
  deploy,
};

const requested = process.argv.slice(2);
const chosen = requested.length > 0 ? requested : Object.keys(parts);
const scratch = mkdtempSync(join(tmpdir(), "hasura-migrate-bench-"));
chmodSync(scratch, 0o711); // as root, the server runs as another user
const server = await startPostgres({ directory: join(scratch, "postgres") });
try {
  const lines: Line[] = [];
  for (const name of chosen) {
    const part = parts[name];
    if (part === undefined)
      throw new Error(`Unknown part ${name}; the parts are ${Object.keys(parts).join(", ")}`);
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
