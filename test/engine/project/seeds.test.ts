import assert from "node:assert/strict";
import { symlink, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test, type TestContext } from "vitest";
import { realFileSystem, type FileSystem } from "../../../src/engine/project/file-system.ts";
import { imageSeeds } from "../../../src/engine/project/image-seeds.ts";
import { manifestName, manifestOf } from "../../../src/engine/project/manifest.ts";
import { readProject } from "../../../src/engine/project/project.ts";
import { isMeant, projectSeeds } from "../../../src/engine/project/seeds.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import { projectOnDisk } from "../support/run.ts";

const migration = "migrations/default/1_a/up.sql";

async function seedsOf(t: TestContext, files: Record<string, string | Uint8Array>, version = 3) {
  const root = await projectOnDisk(t, {
    "config.yaml": `version: ${String(version)}\n`,
    ...(version === 3 ? { [migration]: "SELECT 1;" } : { "migrations/1_a/up.sql": "SELECT 1;" }),
    ...files,
  });
  return projectSeeds(await readProject(root));
}

const paths = ({ files }: { files: readonly { database: string; name: string }[] }): string[] =>
  files.map(({ database, name }) => `${database} ${name}`);

async function codeOf(work: Promise<unknown>): Promise<string | undefined> {
  try {
    await work;
    return undefined;
  } catch (thrown) {
    assert.ok(thrown instanceof Failure);
    return thrown.code;
  }
}

describe("the seeds of a project", () => {
  test("are the files that end in .sql or .SQL, by name, directory by directory", async (t) => {
    const seeds = await seedsOf(t, {
      "seeds/default/10_b.sql": "",
      "seeds/default/02_a.SQL": "",
      "seeds/default/05/x.sql": "",
      "seeds/default/05/deep/y.sql": "",
      "seeds/default/readme.md": "",
      "seeds/other/1.sql": "",
    });
    assert.deepEqual(paths(seeds), [
      "default 02_a.SQL",
      "default 05/deep/y.sql",
      "default 05/x.sql",
      "default 10_b.sql",
      "other 1.sql",
    ]);
    assert.equal(seeds.files[1]?.path, "seeds/default/05/deep/y.sql");
    assert.deepEqual(seeds.notices, []);
  });

  test("of config version 2 are in the seeds directory itself", async (t) => {
    const seeds = await seedsOf(t, { "seeds/1.sql": "", "seeds/more/2.sql": "" }, 2);
    assert.deepEqual(paths(seeds), ["default 1.sql", "default more/2.sql"]);
  });

  test("can be in the directory that config.yaml sets", async (t) => {
    const root = await projectOnDisk(t, {
      "config.yaml": "version: 3\nseeds_directory: data/seeds\n",
      [migration]: "SELECT 1;",
      "data/seeds/default/1.sql": "",
      "seeds/default/2.sql": "",
    });
    const seeds = await projectSeeds(await readProject(root));
    assert.equal(seeds.directory, "data/seeds");
    assert.deepEqual(paths(seeds), ["default 1.sql"]);
  });

  test("are none without the directory", async (t) => {
    assert.deepEqual((await seedsOf(t, {})).files, []);
  });

  test("files that are probably meant as seeds are named", async (t) => {
    const { notices } = await seedsOf(t, {
      "seeds/1.sql": "",
      "seeds/default/2.Sql": "",
      "seeds/default/3.psql": "",
    });
    assert.deepEqual(
      notices.map(({ code, message }) => `${code}: ${message}`),
      [
        "misplaced-seeds: Ignored: seeds/1.sql. In a project with config version 3, seeds are in seeds/<database>/.",
        "ignored-seeds: Ignored, because their names do not end in .sql or .SQL: seeds/default/2.Sql, seeds/default/3.psql.",
      ],
    );
  });

  for (const [what, bytes, code] of [
    ["UTF-16", new Uint8Array([0xff, 0xfe, 0x41, 0x00]), "not-utf8"],
    ["a NUL character", Buffer.from("SELECT 1;\0 SELECT 2; SELECT 3;"), "nul-character"],
  ] as const) {
    test(`a file with ${what} is refused when it is read`, async (t) => {
      const { files } = await seedsOf(t, { "seeds/default/1.sql": bytes });
      assert.equal(await codeOf(files[0]?.body() ?? Promise.resolve()), code);
    });
  }

  test("a link out of the project is refused, whatever it is a link to", async (t) => {
    const outside = await projectOnDisk(t, { "secret.sql": "SELECT 1;" });
    for (const [link, target] of [
      ["seeds", outside],
      ["seeds/default", outside],
      ["seeds/default/1.sql", join(outside, "secret.sql")],
    ] as const) {
      const root = await projectOnDisk(t, {
        "config.yaml": "version: 3\n",
        [migration]: "SELECT 1;",
      });
      await mkdir(join(root, link, ".."), { recursive: true });
      await symlink(target, join(root, link));
      assert.equal(
        await codeOf(readProject(root).then((project) => projectSeeds(project))),
        "link-outside-project",
        link,
      );
    }
  });

  test("a link inside the project is followed, unless it leads back", async (t) => {
    const root = await projectOnDisk(t, {
      "config.yaml": "version: 3\n",
      [migration]: "SELECT 1;",
      "seeds/default/1.sql": "SELECT 1;",
    });
    await symlink("default", join(root, "seeds/other"));
    const project = await readProject(root);
    assert.deepEqual(paths(await projectSeeds(project)), ["default 1.sql", "other 1.sql"]);
    await symlink("..", join(root, "seeds/default/again"));
    assert.equal(await codeOf(projectSeeds(project)), "broken-link");
  });

  for (const [typed, isIt] of [
    ["sub/1.sql", true],
    ["./sub/1.sql", true],
    ["sub\\1.sql", true],
    ["seeds/default/sub/1.sql", true],
    ["default/sub/1.sql", false],
    ["1.sql", false],
  ] as const) {
    test(`${typed} ${isIt ? "means" : "does not mean"} seeds/default/sub/1.sql`, () => {
      assert.equal(isMeant({ path: "seeds/default/sub/1.sql", name: "sub/1.sql" }, typed), isIt);
    });
  }
});

describe("the seeds of an image", () => {
  /** A project with a manifest, in which this process can write or not. */
  async function image(
    t: TestContext,
    isWritable: boolean,
  ): Promise<{ root: string; fs: FileSystem }> {
    const root = await projectOnDisk(t, {
      "config.yaml": "version: 3\n",
      [migration]: "SELECT 1;",
      "seeds/default/1.sql": "SELECT 1;",
      "seeds/default/2.sql": "SELECT 2;",
    });
    const project = await readProject(root);
    const { files } = await projectSeeds(project);
    const manifest = await manifestOf(project, files, realFileSystem);
    await writeFile(join(root, manifestName), JSON.stringify(manifest));
    return { root, fs: { ...realFileSystem, isWritable: () => isWritable } };
  }

  const sealed = async ({ root, fs }: { root: string; fs: FileSystem }): Promise<string[]> =>
    (await imageSeeds(() => readProject(root), fs)).files
      .filter(({ checksum }) => checksum !== undefined)
      .map(({ name }) => name);

  test("have the checksums of its manifest", async (t) => {
    assert.deepEqual(await sealed(await image(t, false)), ["1.sql", "2.sql"]);
  });

  test("do not, if they could be changed", async (t) => {
    assert.deepEqual(await sealed(await image(t, true)), []);
  });

  test("do not, if a file is not the listed one", async (t) => {
    const it = await image(t, false);
    await writeFile(join(it.root, "seeds/default/1.sql"), "SELECT 100;");
    assert.deepEqual(await sealed(it), ["2.sql"]);
  });
});
