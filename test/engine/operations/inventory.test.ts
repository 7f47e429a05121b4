import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { inventoryOf } from "../../../src/engine/project/inventory.ts";
import { readProject } from "../../../src/engine/project/project.ts";
import { migrationsOf, projectOnDisk, requestFor, run } from "../support/run.ts";
import { scriptedHasura } from "../support/scripted-hasura.ts";

const sources = [
  { name: "default", kind: "postgres" },
  { name: "second", kind: "postgres" },
];

function hasuraWith(migrations: object) {
  return scriptedHasura({
    sources,
    cliState: { settings: { migration_mode: "true" }, isStateCopyCompleted: true, migrations },
  });
}

describe("inventory", () => {
  test("lists the image's files and the applied versions, whether they have files or not", async (t) => {
    const root = await projectOnDisk(t, migrationsOf(["1_a", "2_b"]));
    const hasura = hasuraWith({ default: { "2": false, "9": true }, second: { "3": false } });
    const ran = await run(hasura, root, requestFor("inventory"));
    const [event, ...others] = ran.of("inventory");
    const files = await inventoryOf(await readProject(root));
    assert.deepEqual(event, {
      type: "inventory",
      sources: ["image"],
      protected: false,
      digest: files.digest,
      configVersion: 3,
      databases: [
        {
          database: "default",
          versions: ["1", "2"],
          digests: files.databases.get("default")?.map(({ digest }) => digest),
          applied: ["2", "9"],
          inDoubt: ["9"],
        },
      ],
      more: true,
    });
    assert.deepEqual(
      others.map(({ databases, more }) => [databases, more]),
      [[[{ database: "second", versions: [], digests: [], applied: ["3"] }], undefined]],
    );
    assert.equal(ran.failure, undefined);
  });

  test("reports that uploads are allowed, and that the environment is protected", async (t) => {
    const root = await projectOnDisk(t, migrationsOf(["1_a"]));
    const more = { takesUploads: true, protected: true };
    const ran = await run(hasuraWith({}), root, requestFor("inventory"), more);
    const [event] = ran.of("inventory");
    assert.deepEqual([event?.sources, event?.protected], [["image", "upload"], true]);
  });

  test("has a database of the image that is not connected, which an upload may leave out", async (t) => {
    const root = await projectOnDisk(t, migrationsOf(["1_a"], "retired"));
    const ran = await run(hasuraWith({}), root, requestFor("inventory"));
    const databases = ran.of("inventory").flatMap((event) => event.databases);
    const retired = databases.find(({ database }) => database === "retired");
    assert.deepEqual([retired?.versions, retired?.applied], [["1"], []]);
    assert.equal(ran.failure, undefined);
  });

  test("of an image without a project is empty", async () => {
    const ran = await run(hasuraWith({}), "/nowhere", requestFor("inventory"));
    const parts = ran.of("inventory");
    assert.deepEqual(
      [
        parts.map(({ configVersion }) => configVersion),
        parts.flatMap(({ databases }) => databases.flatMap(({ versions }) => versions)),
      ],
      [[undefined, undefined], []],
    );
  });

  test("a long one comes in parts", async (t) => {
    const names = Array.from({ length: 1201 }, (_, i) => `${String(i + 1)}_x`);
    const ran = await run(
      hasuraWith({}),
      await projectOnDisk(t, migrationsOf(names)),
      requestFor("inventory"),
    );
    const parts = ran.of("inventory");
    assert.deepEqual(
      parts.flatMap(({ databases }) => databases.map(({ versions }) => versions.length)),
      [500, 500, 201, 0],
    );
    assert.deepEqual(
      parts.map(({ more }) => more ?? false),
      [true, true, true, false],
    );
    for (const part of parts) assert(JSON.stringify(part).length < 64 * 1024);
  });
});
