import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A migration, independent of the tool that applies it. */
export interface Migration {
  readonly version: string;
  readonly name: string;
  readonly sql: string;
}

/** Typical migrations: each creates a table with an index and a few rows, and none depends on another. */
export function generated(count: number): Migration[] {
  return Array.from({ length: count }, (_, i) => ({
    version: String(1700000000000 + i * 1000),
    name: `create_item_${String(i)}`,
    sql: `CREATE TABLE item_${String(i)} (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL,
  amount numeric NOT NULL DEFAULT 0 CHECK (amount >= 0),
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX item_${String(i)}_name_idx ON item_${String(i)} (name);
INSERT INTO item_${String(i)} (name) SELECT 'item ' || n FROM generate_series(1, 10) AS n;
`,
  }));
}

/** Minimal migrations, for measurements that depend on their number only. */
export function trivial(count: number): Migration[] {
  return generated(count).map((migration) => ({ ...migration, sql: "SELECT 1;\n" }));
}

/** A Hasura project, config v3. */
export function hasuraProject(directory: string, migrations: readonly Migration[]): string {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "config.yaml"), "version: 3\n");
  for (const { version, name, sql } of migrations) {
    const folder = join(directory, "migrations/default", `${version}_${name}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "up.sql"), sql);
    writeFileSync(join(folder, "down.sql"), "SELECT 1;\n");
  }
  return directory;
}

/** One script for psql, a transaction a migration. */
export function psqlScript(file: string, migrations: readonly Migration[]): string {
  writeFileSync(file, migrations.map(({ sql }) => `BEGIN;\n${sql}COMMIT;\n`).join(""));
  return file;
}

export function nodePgMigrateProject(directory: string, migrations: readonly Migration[]): string {
  mkdirSync(directory, { recursive: true });
  for (const { version, name, sql } of migrations)
    writeFileSync(
      join(directory, `${version}_${name}.sql`),
      `-- Up Migration\n${sql}\n-- Down Migration\n`,
    );
  return directory;
}

/** What graphile-migrate's `commit` writes: each file's header holds a hash over its text and the file before. */
export function graphileMigrateProject(
  directory: string,
  migrations: readonly Migration[],
): string {
  mkdirSync(join(directory, "migrations/committed"), { recursive: true });
  writeFileSync(join(directory, "migrations/current.sql"), "");
  writeFileSync(join(directory, ".gmrc"), "{}");
  let previous = "";
  for (const [i, { sql }] of migrations.entries()) {
    const body = `${sql.trim()}\n`;
    const hash = `sha1:${createHash("sha1")
      .update(`${`${previous}\n${body.trim()}`.trim()}\n`)
      .digest("hex")}`;
    const text = `--! Previous: ${previous === "" ? "-" : previous}\n--! Hash: ${hash}\n\n${body}`;
    writeFileSync(
      join(directory, "migrations/committed", `${String(i + 1).padStart(6, "0")}.sql`),
      text,
    );
    previous = hash;
  }
  return directory;
}
