import { randomUUID } from "node:crypto";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "vitest";
import pg from "pg";
import { inject } from "vitest";

/** A directory for one test, removed after it. */
export async function freshDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "hasura-migrate-test-"));
  await chmod(directory, 0o711); // as root, a server in it runs under another user
  t.onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** A superuser's URL of the server that all tests share (test/setup/postgres.ts). A unit test has none. */
export function serverUrl(): string {
  const url = inject("databaseUrl") as string | undefined;
  if (url === undefined)
    throw new Error(
      "this test needs PostgreSQL: name its file in a project of vitest.config.ts that starts one",
    );
  return url;
}

/** The URL of a new empty database, dropped after the test. */
export async function freshDatabase(t: TestContext): Promise<string> {
  const url = new URL(serverUrl());
  const name = `test_${randomUUID().replaceAll("-", "")}`;
  await query(url.href, `CREATE DATABASE ${name}`);
  t.onTestFinished(async () => {
    await query(url.href, `DROP DATABASE ${name} WITH (FORCE)`);
  });
  const fresh = new URL(url);
  fresh.pathname = `/${name}`;
  return fresh.href;
}

/** Runs one statement on a connection of its own; the rows as objects. */
export async function query(
  url: string,
  sql: string,
  values: unknown[] = [],
): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(sql, values);
    return rows;
  } finally {
    await client.end();
  }
}
