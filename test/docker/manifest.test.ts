import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "vitest";
import * as z from "zod";
import { manifestName, manifestOf } from "../../src/engine/project/manifest.ts";
import { realFileSystem } from "../../src/engine/project/file-system.ts";
import { readProject } from "../../src/engine/project/project.ts";
import { root } from "../e2e/support/cli.ts";
import { dockerFile, filesIn, run, type Ran } from "./support/program.ts";

const program = join(root, "dist/function/write-manifest.mjs");
const up = "migrations/default/1700000000000_users/up.sql";
const project = { "config.yaml": "version: 3\n", [up]: "SELECT 1;" };

const Manifest = z.object({ seeds: z.record(z.string(), z.unknown()) });

async function writeManifest(directory: string): Promise<Ran & { readonly manifest: string }> {
  const ran = await run(process.execPath, [program, directory]);
  return { ...ran, manifest: join(directory, manifestName) };
}

describe("the manifest of the image", () => {
  test("is written when the project is staged, and nothing of the project changes after that", () => {
    const dockerfile = readFileSync(dockerFile("Dockerfile"), "utf8");
    assert.match(
      dockerfile,
      /RUN sh docker\/stage-project \/context .* "(\/image\/migrations\$\{FUNCTION_DIR\}\/migrations)"\n#.*\nRUN node "\/image\/function\$\{FUNCTION_DIR\}\/write-manifest\.mjs" "\1"\n/,
    );
  });

  test("lists the files of the project, for every user to read", async (t) => {
    const directory = await filesIn(t, project);
    const { code, stdout, stderr, manifest } = await writeManifest(directory);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^1 files in the manifest$/m);
    assert.deepEqual(
      JSON.parse(readFileSync(manifest, "utf8")),
      await manifestOf(await readProject(directory), [], realFileSystem),
    );
    assert.equal(statSync(manifest).mode & 0o777, 0o644);
  });

  test("lists the seeds, too, and names those that are ignored", async (t) => {
    const directory = await filesIn(t, {
      ...project,
      "seeds/default/01_a.sql": "SELECT 1;",
      "seeds/default/02_b.Sql": "SELECT 2;",
    });
    const { code, stdout, stderr, manifest } = await writeManifest(directory);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^2 files in the manifest$/m);
    assert.match(stderr, /^write-manifest: Ignored, .*: seeds\/default\/02_b\.Sql\.$/m);
    const { seeds } = Manifest.parse(JSON.parse(readFileSync(manifest, "utf8")));
    assert.deepEqual(Object.keys(seeds), ["seeds/default/01_a.sql"]);
  });

  for (const [what, files, code, message] of [
    [
      "with a version twice",
      { ...project, "migrations/default/01700000000000_x/up.sql": "SELECT 1;" },
      1,
      /^write-manifest: Two up files have the version 1700000000000: .*\n {2}→ Give one of them/,
    ],
    ["without migrations yet", { "config.yaml": "version: 3\n" }, 0, /has no migrations/],
  ] as const) {
    test(`of a project ${what} ${code === 0 ? "is left out" : "stops the build"}`, async (t) => {
      const ran = await writeManifest(await filesIn(t, files));
      assert.equal(ran.code, code);
      assert.match(ran.stderr, message);
      assert.equal(existsSync(ran.manifest), false);
    });
  }

  test("needs a directory", async () => {
    const { code, stderr } = await run(process.execPath, [program]);
    assert.equal(code, 1);
    assert.match(stderr, /usage: write-manifest\.mjs DIRECTORY/);
  });
});
