import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { verify, type VerifyOptions } from "../src/verify/index.ts";
import type { VerifyEvent } from "../src/protocol/verification.ts";
import type { Part } from "./part.ts";
import { newDatabase } from "./served.ts";
import { median, msText, times } from "./table.ts";

const count = 500;
const rounds = 3;

/**
 * `verify` of a project, compared with its files alone: up, down and up of each through the PostgreSQL client, on the server with
 * the default settings. By default `verify` starts a server of its own, which the figure includes.
 */
export const verifyFigures: Part = async ({ serverUrl, scratch }) => {
  const directory = join(scratch, "verify");
  writeProject(directory);
  const samples: Record<"plain" | "own" | "given", number[]> = { plain: [], own: [], given: [] };
  for (let round = 0; round < rounds; round++) {
    const url = await newDatabase(serverUrl, `verify_plain_${round}`);
    samples.plain.push(await timeOfFiles(directory, url));
    samples.own.push(await timeOfVerify({ directory }));
    samples.given.push(await timeOfVerify({ directory, databaseUrl: serverUrl }));
  }
  const [files, own, given] = [samples.plain, samples.own, samples.given].map(median);
  const against = (ms = NaN): string => times(ms, files ?? NaN, "the files");
  return [
    {
      what: `the files of ${count} migrations, up, down, up, through the client`,
      figure: msText(files ?? NaN),
      ratio: "1",
    },
    {
      what: `verify of ${count} migrations, with the start of its server`,
      figure: msText(own ?? NaN),
      ratio: against(own),
      budget: "≤ 1.5 × the files",
    },
    {
      what: "the same on that server, with --database-url",
      figure: msText(given ?? NaN),
      ratio: against(given),
    },
  ];
};

/** Tables with keys, indexes, a trigger and comments, and changes of them, as projects have. */
function writeProject(directory: string): void {
  for (let i = 0; i < count; i++) {
    const folder = join(directory, "migrations", "default", `${1_700_000_000_000 + i}_step`);
    mkdirSync(folder, { recursive: true });
    const [up, down] = step(i);
    writeFileSync(join(folder, "up.sql"), up);
    writeFileSync(join(folder, "down.sql"), down);
  }
  writeFileSync(join(directory, "config.yaml"), "version: 3\n");
}

function step(i: number): readonly [up: string, down: string] {
  const table = `t_${Math.floor(i / 4)}`;
  switch (i % 4) {
    case 0:
      return [
        `CREATE TABLE ${table} (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL, total numeric(10, 2) NOT NULL DEFAULT 0, state text CHECK (state IN ('open', 'closed')), created_at timestamptz NOT NULL DEFAULT now());
COMMENT ON TABLE ${table} IS 'Made by the benchmark.';
INSERT INTO ${table} (name, state) SELECT 'row ' || n, 'open' FROM generate_series(1, 200) n;`,
        `DROP TABLE ${table};`,
      ];
    case 1:
      return [
        `ALTER TABLE ${table} ADD COLUMN note text; CREATE INDEX ${table}_name ON ${table} (name);`,
        `DROP INDEX ${table}_name; ALTER TABLE ${table} DROP COLUMN note;`,
      ];
    case 2:
      return [
        `CREATE FUNCTION ${table}_touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.created_at := now(); RETURN NEW; END $$;
CREATE TRIGGER touch BEFORE UPDATE ON ${table} FOR EACH ROW EXECUTE FUNCTION ${table}_touch();`,
        `DROP TRIGGER touch ON ${table}; DROP FUNCTION ${table}_touch();`,
      ];
    default:
      return [
        `ALTER TABLE ${table} ADD COLUMN parent uuid REFERENCES ${table} (id); CREATE VIEW ${table}_open AS SELECT id, name FROM ${table} WHERE state = 'open';`,
        `DROP VIEW ${table}_open; ALTER TABLE ${table} DROP COLUMN parent;`,
      ];
  }
}

async function timeOfFiles(directory: string, url: string): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const root = join(directory, "migrations", "default");
  const startedAt = performance.now();
  for (const folder of readdirSync(root).sort())
    for (const file of ["up.sql", "down.sql", "up.sql"])
      await client.query(readFileSync(join(root, folder, file), "utf8"));
  const tookMs = performance.now() - startedAt;
  await client.end();
  return tookMs;
}

async function timeOfVerify(
  options: Pick<VerifyOptions, "directory" | "databaseUrl">,
): Promise<number> {
  const events: VerifyEvent[] = [];
  const startedAt = performance.now();
  await verify({
    ...options,
    processors: availableParallelism(),
    signal: new AbortController().signal,
    now: () => performance.now(),
    emit: (event) => events.push(event),
  });
  const tookMs = performance.now() - startedAt;
  const end = events.at(-1);
  if (end?.type !== "verify.finished" || end.ok !== count)
    throw new Error(`verify found something: ${JSON.stringify(end)}`);
  return tookMs;
}
