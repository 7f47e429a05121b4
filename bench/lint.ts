import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Part } from "./part.ts";
import { median, msText, type Line } from "./table.ts";
import { usedBy } from "./used.ts";

const migrations = 500;
const rounds = 5;

/** `lint` of 1,000 files with statements as projects have them: time on the processor, and memory. */
export const lintFigures: Part = async ({ scratch }): Promise<Line[]> => {
  const directory = join(scratch, "lint");
  const bytes = writeProject(directory);
  const args = ["lint", directory, "-q"];
  const samples = [];
  for (let round = 0; round < rounds; round += 1)
    samples.push(await usedBy(scratch, { name: "lint", args, cwd: scratch }));
  const cpuMs = median(samples.map((used) => used.cpuMs));
  const megabytes = median(samples.map((used) => used.megabytes));
  const what = `lint of ${(2 * migrations).toLocaleString("en")} files, ${(bytes / 1e6).toFixed(1)} MB`;
  return [
    { what, figure: msText(cpuMs), budget: "≤ 3 s" },
    { what: `${what}: memory, peak`, figure: `${megabytes.toFixed(0)} MB`, budget: "≤ 200 MB" },
  ];
};

/** Returns the bytes of SQL in it. */
function writeProject(directory: string): number {
  let bytes = 0;
  for (let i = 0; i < migrations; i += 1) {
    const folder = join(directory, "migrations/default", `${String(1_700_000_000_000 + i)}_step`);
    mkdirSync(folder, { recursive: true });
    const files = {
      "up.sql": up(i),
      "down.sql": `DROP VIEW v_${String(i)};\nDROP TABLE t_${String(i)};\n`,
    };
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(folder, name), text);
      bytes += text.length;
    }
  }
  writeFileSync(join(directory, "config.yaml"), "version: 3\n");
  return bytes;
}

function up(i: number): string {
  const table = `t_${String(i)}`;
  const rows = Array.from(
    { length: 20 },
    (_, n) => `(${String(n)}, 'row ${String(n)}', 1.5, 'open')`,
  );
  return `CREATE TABLE ${table} (id bigint PRIMARY KEY, name text NOT NULL, total numeric(10, 2), state text CHECK (state IN ('open', 'closed')), created_at timestamptz NOT NULL DEFAULT now());
COMMENT ON TABLE ${table} IS 'Made by the benchmark.';
INSERT INTO ${table} (id, name, total, state) VALUES
${rows.join(",\n")};
CREATE INDEX ${table}_name ON ${table} (name);
CREATE FUNCTION ${table}_touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.created_at = now(); RETURN NEW; END $$;
CREATE TRIGGER touch BEFORE UPDATE ON ${table} FOR EACH ROW EXECUTE FUNCTION ${table}_touch();
CREATE VIEW v_${String(i)} AS SELECT state, count(*) AS count, sum(total) AS total FROM ${table} WHERE created_at > now() - interval '7 days' GROUP BY state;
ALTER TABLE t_${String(Math.max(i - 1, 0))} ADD COLUMN note_${String(i)} text;
`;
}
