import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test, type TestContext } from "vitest";
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

  describe("files that nothing includes", () => {
    /** The warnings about a project whose tables are in one file, with more files in its metadata directory. */
    async function warningsWith(t: TestContext, files: readonly string[]): Promise<string[]> {
      const root = emptyDirectory(t);
      const written = {
        "version.yaml": "version: 3\n",
        "databases/databases.yaml":
          "- name: default\n  kind: postgres\n  configuration: {}\n  tables: '!include default/tables/tables.yaml'\n",
        "databases/default/tables/tables.yaml": "[]\n",
        ...Object.fromEntries(files.map((path) => [path, "[]\n"])),
      };
      for (const [path, text] of Object.entries(written)) {
        mkdirSync(dirname(join(root, "metadata", path)), { recursive: true });
        writeFileSync(join(root, "metadata", path), text);
      }
      const { warnings } = await projectMetadata({ root, configVersion: 3 });
      return warnings.map(({ code, message }) => `${code}: ${message}`);
    }

    test("are named in one warning", async (t) => {
      const forgotten = "databases/default/tables/public_forgotten.yaml";
      assert.deepEqual(await warningsWith(t, [forgotten]), [
        `metadata-ignored: No other file includes the file metadata/${forgotten}, so it has no effect.`,
      ]);
      assert.deepEqual(await warningsWith(t, ["old.yaml", "databases/older.yml"]), [
        "metadata-ignored: No other file includes the 2 files metadata/databases/older.yml, metadata/old.yaml, so they have no effect.",
      ]);
    });

    test("are no warning if all are used, or are no files of metadata", async (t) => {
      assert.deepEqual(await warningsWith(t, ["README.md", "databases/.gitkeep"]), []);
    });

    test("are not looked for where the metadata is one file", async (t) => {
      const root = emptyDirectory(t);
      mkdirSync(join(root, "metadata"));
      writeFileSync(join(root, "config.yaml"), "version: 3\nmetadata_file: all.yaml\n");
      writeFileSync(join(root, "all.yaml"), "version: 3\nsources: []\n");
      writeFileSync(join(root, "metadata/old.yaml"), "[]\n");
      const { warnings } = await projectMetadata({ root, configVersion: 3 });
      assert.deepEqual(warnings, []);
    });
  });
});
