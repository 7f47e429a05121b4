import assert from "node:assert/strict";
import { describe, test, type TestContext } from "vitest";
import { inventoryOf } from "../../../src/engine/project/inventory.ts";
import { readProject } from "../../../src/engine/project/project.ts";
import {
  UploadedFile,
  type UploadDocument,
  type UploadedMigration,
} from "../../../src/protocol/upload.ts";
import { migrationsOf, projectOnDisk } from "../../engine/support/run.ts";
import { scriptedHasura } from "../../support/scripted-hasura.ts";
import { emptyUpload, envelopeOf, uploadedMigration } from "../../support/upload.ts";
import { invoke, worldFrom } from "../support/invoke.ts";
import { request } from "../support/request.ts";
import { workingHasura } from "../support/working-hasura.ts";

const settings = (url: string, directory: string, more: Record<string, string> = {}) => ({
  HASURA_MIGRATE_ENVIRONMENT: "dev-3",
  HASURA_MIGRATE_ENDPOINT: url,
  HASURA_MIGRATE_DIRECTORY: directory,
  HASURA_MIGRATE_LEDGER: "off",
  HASURA_MIGRATE_SOURCES: "image,upload",
  ...more,
});

/** An image with one migration, and a function that uses it. */
async function served(t: TestContext, more: Record<string, string> = {}) {
  const root = await projectOnDisk(t, migrationsOf(["1_a"]));
  const { digest } = await inventoryOf(await readProject(root));
  const { url, asked } = await scriptedHasura(t, workingHasura);
  const world = worldFrom(settings(url, root, more));
  const apply = async (upload: Partial<UploadDocument>, options: object = {}) =>
    invoke(world, {
      ...request("apply", { options }),
      upload: envelopeOf({ ...emptyUpload, image: digest, ...upload }),
    });
  const sent = (): string[] =>
    asked.flatMap(({ body }) => (body?.type === "run_sql" ? [JSON.stringify(body)] : []));
  return { world, apply, sent };
}

const table = "create table coupons (code text)";

describe("a run with an upload", () => {
  test("applies the image's files and the uploaded ones, and reports where they come from", async (t) => {
    const { apply } = await served(t);
    const { events } = await apply({ migrations: [uploadedMigration("2", table)] });
    const [started] = events;
    assert(started?.type === "run.started");
    assert.deepEqual([started.migrationSource, started.upload], ["upload", emptyUpload.from]);
    assert.deepEqual(
      events.flatMap((event) => (event.type === "migration.applied" ? [event.version] : [])),
      ["1", "2"],
    );
  });

  test("does not apply versions that the directory lacks", async (t) => {
    const { apply, sent } = await served(t);
    await apply({ without: [{ database: "default", versions: ["1"] }] });
    assert(!sent().some((sql) => sql.includes("1_a up")));
  });

  test("is logged with its directory, and without its SQL", async (t) => {
    const { apply, world } = await served(t);
    await apply({ migrations: [uploadedMigration("2", `${table} -- said in confidence`)] });
    const logged = world.logged.join("");
    assert.match(logged, /"directory":"shop\/hasura","branch":"add-coupons"/);
    assert(!logged.includes("said in confidence"));
  });

  test("of a changed file runs nothing without --changed", async (t) => {
    const { apply, sent } = await served(t);
    const changed = { migrations: [uploadedMigration("1", table)] };
    const { events } = await apply(changed);
    const last = events.at(-1);
    assert(last?.type === "run.failed");
    assert.equal(last.failure.code, "changed-in-upload");
    assert(!sent().some((sql) => sql.includes("coupons")));
    const insisted = await apply(changed, { changed: true });
    assert.equal(insisted.events.at(-1)?.type, "run.finished");
    assert(sent().some((sql) => sql.includes("coupons")));
    const [plan] = insisted.events.flatMap((event) => (event.type === "plan" ? [event] : []));
    assert.equal(plan?.databases[0]?.items[0]?.differsFromImage, true);
  });

  test("of a changed file is refused by a protected environment even with --changed", async (t) => {
    const { apply } = await served(t, {
      HASURA_MIGRATE_PROTECTED: "true",
      HASURA_MIGRATE_SOURCES: "image,upload,upload-when-protected",
    });
    const changed = { migrations: [uploadedMigration("1", table)] };
    const { events } = await apply(changed, { changed: true, confirm: "dev-3" });
    const last = events.at(-1);
    assert(last?.type === "run.failed");
    assert.equal(last.failure.code, "changed-in-upload");
  });

  test("does not need a file that it does not reach, whatever is in it", async (t) => {
    const { apply, sent } = await served(t);
    const path = "migrations/default/3_x/up.sql";
    const latin1 = { path, checksum: "a".repeat(64), problem: "not-utf8", encoding: "unknown" };
    const unusable: [code: string, up: NonNullable<UploadedMigration["up"]>][] = [
      ["bad-directive", { path, sql: "-- hasura-migrate: color=red\nSELECT 1;" }],
      ["not-utf8", UploadedFile.parse(latin1)],
    ];
    for (const [code, up] of unusable) {
      const migrations = [uploadedMigration("2", table), uploadedMigration("3", "-", { up })];
      const reached = (await apply({ migrations })).events.at(-1);
      assert(reached?.type === "run.failed");
      assert.equal(reached.failure.code, code);
      assert(!sent().some((sql) => sql.includes("coupons")));
    }
    for (const [, up] of unusable) {
      const migrations = [uploadedMigration("2", table), uploadedMigration("3", "-", { up })];
      const { events } = await apply({ migrations }, { to: "2" });
      assert.equal(events.at(-1)?.type, "run.finished");
    }
    assert(sent().some((sql) => sql.includes("coupons")));
  });

  test("that is refused fails before a run starts", async (t) => {
    const { apply, sent } = await served(t, { HASURA_MIGRATE_SOURCES: "image" });
    const { events } = await apply({ migrations: [uploadedMigration("2", table)] });
    assert.deepEqual(
      events.map((event) => (event.type === "run.failed" ? event.failure.code : event.type)),
      ["uploads-not-allowed"],
    );
    assert.deepEqual(sent(), []);
  });
});
