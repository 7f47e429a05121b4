import assert from "node:assert/strict";
import { mkdir, symlink } from "node:fs/promises";
import { createServer } from "node:net";
import { basename, dirname, join, relative } from "node:path";
import { describe, test } from "vitest";
import { realFileSystem } from "../../../src/engine/project/file-system.ts";
import { checksumOf } from "../../../src/engine/project/migration-file.ts";
import { readProject } from "../../../src/engine/project/project.ts";
import { projectOnDisk } from "../support/run.ts";

const v3 = { "config.yaml": "version: 3\n" };
const one = { ...v3, "migrations/d/1_a/up.sql": "SELECT 1;" };

describe("a project", () => {
  test("is described by its root, its config version and its migrations directory", async (t) => {
    const root = await projectOnDisk(t, one);
    const { databases, ...project } = await readProject(root);
    assert.deepEqual(project, {
      root,
      configVersion: 3,
      migrationsDirectory: "migrations",
      notices: [],
    });
    assert.deepEqual([...databases.keys()], ["d"]);
    assert.equal(databases.get("d")?.[0]?.up?.path, "migrations/d/1_a/up.sql");
    assert.equal(databases.get("d")?.[0]?.up?.runnable, true);
  });

  test("with an unusual path of its migrations calls them by the shortest one", async (t) => {
    const config = "version: 3\nmigrations_directory: ./db//steps/";
    const root = await projectOnDisk(t, { "config.yaml": config, "db/steps/d/1_a/up.sql": "1" });
    const { migrationsDirectory, databases } = await readProject(root);
    assert.equal(migrationsDirectory, "db/steps");
    assert.equal(databases.get("d")?.[0]?.up?.path, "db/steps/d/1_a/up.sql");
  });

  test("that is a bare migrations directory is described from the directory above it", async (t) => {
    const directory = await projectOnDisk(t, { "1_a/up.sql": "1" });
    const { root, migrationsDirectory, configVersion } = await readProject(directory);
    assert.deepEqual(
      { root, migrationsDirectory, configVersion },
      { root: dirname(directory), migrationsDirectory: basename(directory), configVersion: 2 },
    );
  });

  test("may have its config version in quotes, as for the official CLI", async (t) => {
    const root = await projectOnDisk(t, { ...one, "config.yaml": 'version: "3"\n' });
    assert.equal((await readProject(root)).configVersion, 3);
  });

  test("with an empty configuration has version 1, where YAML files are known but never run", async (t) => {
    const root = await projectOnDisk(t, {
      "config.yaml": "",
      "migrations/1_a.up.yaml": "[]",
      "migrations/2_b.up.sql": "1",
    });
    const { configVersion, databases } = await readProject(root);
    assert.equal(configVersion, 1);
    assert.deepEqual(
      databases.get("default")?.map(({ up }) => up?.runnable),
      [false, true],
    );
  });

  test("leaves out databases without migrations", async (t) => {
    const root = await projectOnDisk(t, { ...one, "migrations/empty/README.md": "nothing yet" });
    assert.deepEqual([...(await readProject(root)).databases.keys()], ["d"]);
    const old = await projectOnDisk(t, {
      "config.yaml": "version: 2",
      "migrations/README.md": "x",
    });
    const { databases, notices } = await readProject(old);
    assert.equal(databases.size, 0);
    assert.deepEqual(
      notices.map(({ code }) => code),
      ["no-migrations"],
    );
  });

  test("of config version 3 points out the first migration that is misplaced; other files mean nothing", async (t) => {
    const root = await projectOnDisk(t, {
      ...one,
      "migrations/README.md": "x",
      "migrations/7_b.up.sql": "1",
    });
    const { notices } = await readProject(root);
    assert.equal(notices.length, 1);
    assert(notices[0]?.message.startsWith("migrations/7_b.up.sql "), notices[0]?.message);
  });

  test("of config version 2 has its migrations where version 3 has its databases", async (t) => {
    const root = await projectOnDisk(t, {
      "config.yaml": "version: 2",
      "migrations/1_a/up.sql": "1",
    });
    assert.deepEqual((await readProject(root)).notices, []);
  });

  test("ignores entries that are neither files nor directories, unless they are named like files of migrations", async (t) => {
    const root = await projectOnDisk(t, one);
    await mkdir(join(root, "migrations/d/2_b.up.sql"));
    const listen = async (name: string): Promise<void> => {
      const socket = createServer();
      t.onTestFinished(() => void socket.close());
      const path = join(root, "migrations/d", name);
      await new Promise<void>((resolve) => socket.listen(path, resolve));
    };
    await listen("s");
    await symlink(join(root, "migrations/d/s"), join(root, "migrations/d/t"));
    const { databases } = await readProject(root);
    assert.deepEqual(
      databases.get("d")?.map(({ version, down }) => ({ version, down })),
      [{ version: "1", down: undefined }],
    );
    await listen("3_c.up.sql");
    await assert.rejects(readProject(root), /3_c\.up\.sql is a pipe or a device, not a file/);
  });

  test("that is a bare migrations directory may have other files in it", async (t) => {
    const directory = await projectOnDisk(t, { "README.md": "x", "1_a/up.sql": "1" });
    const { configVersion, databases } = await readProject(directory);
    assert.deepEqual([configVersion, databases.get("default")?.length], [2, 1]);
  });

  test("is read in the order of names, in whatever order the disk lists them", async (t) => {
    const root = await projectOnDisk(t, {
      ...v3,
      "migrations/d/01_b/up.sql": "1",
      "migrations/d/1_a/up.sql": "1",
    });
    for (const list of [
      (path: string) => realFileSystem.list(path),
      (path: string) => [...realFileSystem.list(path)].reverse(),
    ])
      await assert.rejects(
        readProject(root, { ...realFileSystem, list }),
        /version 1: migrations\/d\/01_b\/up\.sql and migrations\/d\/1_a\/up\.sql\.$/,
      );
  });

  test("resolves links, and asks nothing else of the file system", async (t) => {
    const root = await projectOnDisk(t, { ...one, "elsewhere/up.sql": "1" });
    await symlink(join(root, "elsewhere"), join(root, "migrations/d/2_b"));
    const asked: string[] = [];
    const realPath = (path: string): string => {
      asked.push(relative(root, path));
      return realFileSystem.realPath(path);
    };
    await readProject(root, { ...realFileSystem, realPath });
    assert.deepEqual(asked, ["", "migrations", "migrations/d/2_b"]);
  });

  test("has the checksum of a file as the ledger keeps it", async (t) => {
    const root = await projectOnDisk(t, { ...v3, "migrations/d/1_a/up.sql": "SELECT 1;\r\n" });
    const file = (await readProject(root)).databases.get("d")?.[0]?.up;
    assert.equal(await file?.checksum(), checksumOf("SELECT 1;\n"));
  });

  test("takes a migration's name from its up file, otherwise from its down file", async (t) => {
    const root = await projectOnDisk(t, {
      ...v3,
      "migrations/d/1_forth.up.sql": "1",
      "migrations/d/1_back.down.sql": "1",
      "migrations/d/2_only_back.down.sql": "1",
    });
    assert.deepEqual(
      (await readProject(root)).databases.get("d")?.map(({ name }) => name),
      ["forth", "only_back"],
    );
  });
});
