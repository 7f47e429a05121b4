import assert from "node:assert/strict";
import { cpSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "vitest";
import { freshDirectory, query } from "../support/postgres.ts";
import { eventsOf, run } from "./support/cli.ts";
import { sample, serve } from "./support/environment.ts";

const versions = readdirSync(join(sample, "default")).map((name) =>
  name.slice(0, name.indexOf("_")),
);
const newest = versions.at(-1) ?? "";

describe("sample", () => {
  test("the sample project runs on the embedded server: applied, then nothing pending, down, redo and up again", async (t) => {
    const directory = await freshDirectory(t);
    cpSync(sample, join(directory, "migrations"), { recursive: true });
    const here = { cwd: directory };

    const first = await run(t, ["local"], here);
    assert.equal(first.code, 0, first.stderr);
    assert.equal(first.stdout.match(/ applied \d+ ?ms/g)?.length, versions.length, first.stdout);
    assert.match(first.stdout + first.stderr, new RegExp(`${String(versions.length)} applied`));
    assert.ok(
      existsSync(join(directory, ".hasura-migrate")),
      "the database is kept beside migrations/",
    );

    const second = await run(t, ["local"], here);
    assert.equal(second.code, 0, second.stderr);
    assert.match(second.stdout + second.stderr, /nothing pending/);

    const down = await run(t, ["down", "local", "2", "--yes", "--json"], here);
    assert.equal(down.code, 0, down.stderr);
    const rolledBack = eventsOf(down).flatMap((event) =>
      event.type === "migration.applied" ? [event.version] : [],
    );
    assert.deepEqual(rolledBack, versions.slice(-2).reverse());

    const again = await run(t, ["local", "--json"], here);
    assert.equal(again.code, 0, again.stderr);
    assert.deepEqual(eventsOf(again).at(-1)?.type, "run.finished");

    const redo = await run(t, ["redo", "local", "--json"], here);
    assert.equal(redo.code, 0, redo.stderr);
    const steps = eventsOf(redo).flatMap((event) =>
      event.type === "migration.applied" ? [`${event.direction} ${event.version}`] : [],
    );
    assert.deepEqual(steps, [`down ${newest}`, `up ${newest}`]);

    const reset = await run(t, ["local", "--reset", "--json"], here);
    assert.equal(reset.code, 0, reset.stderr);
    const finished = eventsOf(reset).at(-1);
    assert.equal(finished?.type === "run.finished" && finished.applied, versions.length);
  });

  test("what npm start suggests at its end works on the sample", async (t) => {
    const directory = await freshDirectory(t);
    cpSync(sample, join(directory, "migrations"), { recursive: true });
    const here = { cwd: directory };
    const script = readFileSync(new URL("../../scripts/start.mjs", import.meta.url), "utf8");
    const [, name = "", sql = ""] = /bin\.js new (\w+) --sql '(.*)'/.exec(script) ?? [];
    assert.equal((await run(t, ["local"], here)).code, 0);
    const made = await run(t, ["new", name, "--sql", sql], here);
    assert.equal(made.code, 0, made.stderr);
    const applied = await run(t, ["local"], here);
    assert.equal(applied.code, 0, applied.stderr);
    assert.match(applied.stdout, new RegExp(`${name} applied`));
    assert.equal((await run(t, ["status", "local", "--check"], here)).code, 0);
  });

  test("every migration of the sample can be rolled back: up, all down, and up again produce the same schema", async (t) => {
    const served = await serve(t, sample);
    const up = await served.run(["dev-1"]);
    assert.equal(up.code, 0, up.stderr);
    const reference = await schemaOf(served.databaseUrl);
    assert.ok(reference.length > 100, "the sample makes a schema worth comparing");

    const down = await served.run(["down", "dev-1", "--everything", "--yes"]);
    assert.equal(down.code, 0, down.stderr);
    assert.deepEqual(await schemaOf(served.databaseUrl), []);

    const again = await served.run(["dev-1"]);
    assert.equal(again.code, 0, again.stderr);
    assert.deepEqual(await schemaOf(served.databaseUrl), reference);
  });
});

/** Everything in the schema `public`, a line a thing. */
async function schemaOf(url: string): Promise<string[]> {
  const rows = await query(
    url,
    `SELECT 'column ' || table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' ||
            coalesce(column_default, '') || ' ' || coalesce(generation_expression, '') AS line
     FROM information_schema.columns WHERE table_schema = 'public'
     UNION ALL
     SELECT 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) || ' ' || convalidated
     FROM pg_constraint WHERE connamespace = 'public'::regnamespace
     UNION ALL
     SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public'
     UNION ALL
     SELECT 'function ' || pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
       AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = pg_proc.oid AND d.deptype = 'e')
     UNION ALL
     SELECT 'trigger ' || pg_get_triggerdef(pg_trigger.oid) FROM pg_trigger
     JOIN pg_class c ON c.oid = tgrelid AND c.relnamespace = 'public'::regnamespace WHERE NOT tgisinternal
     UNION ALL
     SELECT 'view ' || c.relname || ' ' || pg_get_viewdef(c.oid) FROM pg_class c
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('v', 'm')
     UNION ALL
     SELECT 'comment ' || c.relname || ' ' || d.description FROM pg_description d JOIN pg_class c ON c.oid = d.objoid
     WHERE c.relnamespace = 'public'::regnamespace
     UNION ALL
     SELECT 'enum ' || enumtypid::regtype || ' ' || enumlabel || ' ' || enumsortorder FROM pg_enum
     ORDER BY line`,
  );
  return rows.map(({ line }) => String(line));
}
