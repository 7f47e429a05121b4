import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "vitest";
import { projectMetadata } from "../../../src/engine/project/project-metadata.ts";
import { readProject } from "../../../src/engine/project/project.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import { emptyDirectory } from "../../support/test-context.ts";

const sample = join(import.meta.dirname, "../../../migrations");

describe("the metadata of a project", () => {
  test("is beside config.yaml, also where migrations_directory is that directory", async () => {
    const project = await readProject(sample);
    assert.notEqual(project.root, sample);
    const { document, warnings } = await projectMetadata(project);
    assert.deepEqual(Object.keys(document.value), ["version", "sources"]);
    assert.deepEqual(warnings, []);
    const place = document.placeOf(["sources", 0, "tables", 0]);
    assert.equal(
      place?.file,
      "migrations/metadata/databases/default/tables/public_categories.yaml",
    );
  });

  test("a project without any is refused", async (t) => {
    const root = emptyDirectory(t);
    await assert.rejects(
      projectMetadata({ root, configVersion: 3 }),
      (thrown) => thrown instanceof Failure && thrown.code === "no-metadata",
    );
  });

  test("the first thing that is wrong is named with its place, and the count of the rest", async (t) => {
    const root = emptyDirectory(t);
    mkdirSync(join(root, "metadata"));
    writeFileSync(join(root, "metadata/version.yaml"), "version: x\n");
    writeFileSync(join(root, "metadata/cron_triggers.yaml"), "a: b\n");
    await assert.rejects(
      projectMetadata({ root, configVersion: 3 }),
      (thrown) =>
        thrown instanceof Failure &&
        thrown.code === "bad-metadata" &&
        /^metadata\/version\.yaml:1:\d+: .* There (is|are) \d+ more problems?\.$/.test(
          thrown.message,
        ),
    );
  });
});
