import assert from "node:assert/strict";
import { mkdir, rename, rm, symlink, unlink, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, test, type TestContext } from "vitest";
import { realFileSystem, type FileSystem } from "../../../src/engine/project/file-system.ts";
import { inventoryOf } from "../../../src/engine/project/inventory.ts";
import { keptProject } from "../../../src/engine/project/kept-project.ts";
import { manifestName, manifestOf } from "../../../src/engine/project/manifest.ts";
import { readProject, type Project } from "../../../src/engine/project/project.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import { projectOnDisk } from "../support/run.ts";

const first = "migrations/d/1_a/up.sql";
const files = {
  "config.yaml": "version: 3\n",
  [first]: "SELECT 1;",
  "migrations/d/1_a/down.sql": "SELECT -1;",
  "migrations/d/2_b/up.sql": "SELECT 2;",
  "migrations/d/3_c/up.sql": "",
  "migrations/e/4_d/up.sql": "SELECT 4;",
  "elsewhere/5_e/up.sql": "SELECT 5;",
  "elsewhere/6_f/up.sql": "SELECT 66;",
};

/** So much later than the files were written that a later change must show in their times. */
const later = (): number => Date.now() + 3_600_000;

/** The disk, with every call that reads something. */
function counting(more: Partial<FileSystem> = {}): { fs: FileSystem; calls: string[] } {
  const calls: string[] = [];
  const fs = { ...realFileSystem, ...more };
  return {
    calls,
    fs: {
      ...fs,
      list: (path) => (calls.push(`list ${path}`), fs.list(path)),
      stat: (path) => (calls.push(`stat ${path}`), fs.stat(path)),
      read: (path) => (calls.push(`read ${path}`), fs.read(path)),
    },
  };
}

/** Everything that a project says, its files' checksums and its inventory included; of one that is refused, the code. */
async function contentOf(reading: Promise<Project>): Promise<unknown> {
  const described = async (): Promise<unknown> => {
    const whole = await reading;
    const { databases, ...project } = { ...whole, contents: undefined };
    const { digest } = await inventoryOf(whole);
    const checksum = (file?: { checksum: () => Promise<string> }) => file?.checksum();
    const migrations = [...databases].map(async ([name, list]) => [
      name,
      await Promise.all(
        list.map(async ({ version, name: called, up, down }) => [
          ...[version, called, up?.path, down?.path, up?.runnable],
          ...[await checksum(up), await checksum(down)],
        ]),
      ),
    ]);
    return { ...project, digest, databases: await Promise.all(migrations) };
  };
  return described().catch((thrown: unknown) => {
    assert(thrown instanceof Failure, String(thrown));
    return thrown.code;
  });
}

/** When the first file was written, in epoch seconds. */
const writtenAt = 1_700_000_000;

type Change = (root: string) => Promise<unknown>;

const changes: [what: string, change: Change][] = [
  ["a new migration", (root) => write(root, "migrations/d/9_z/up.sql", "SELECT 9;")],
  ["a new database", (root) => write(root, "migrations/f/9_z/up.sql", "SELECT 9;")],
  ["a new down file", (root) => write(root, "migrations/d/2_b/down.sql", "SELECT 9;")],
  ["a file that is gone", (root) => unlink(join(root, first))],
  ["a migration that is gone", (root) => rm(join(root, "migrations/d/1_a"), { recursive: true })],
  [
    "a migration with another name",
    (root) => rename(join(root, "migrations/d/1_a"), join(root, "migrations/d/1_x")),
  ],
  [
    "a migration in another database",
    (root) => rename(join(root, "migrations/d/1_a"), join(root, "migrations/e/1_a")),
  ],
  ["a file that is emptied", (root) => writeFile(join(root, first), "")],
  ["an empty file that is filled", (root) => write(root, "migrations/d/3_c/up.sql", "SELECT 3;")],
  ["a file of the same length", (root) => writeFile(join(root, first), "SELECT 7;")],
  ["a longer file", (root) => writeFile(join(root, first), "SELECT 7777;")],
  [
    "a file of the same length and time",
    async (root) => {
      await writeFile(join(root, first), "SELECT 7;");
      await utimes(join(root, first), writtenAt, writtenAt);
    },
  ],
  [
    "a file that was replaced by another of the same length and time",
    async (root) => {
      await write(root, "new", "SELECT 7;");
      await utimes(join(root, "new"), writtenAt, writtenAt);
      await rename(join(root, "new"), join(root, first));
    },
  ],
  [
    "a link in place of a file",
    async (root) => {
      await unlink(join(root, first));
      await symlink("../../../elsewhere/5_e/up.sql", join(root, first));
    },
  ],
  [
    "another target of a link to a directory",
    async (root) => {
      await unlink(join(root, "migrations/d/8_link"));
      await symlink("../../elsewhere/6_f", join(root, "migrations/d/8_link"));
    },
  ],
  ["a change behind a link", (root) => write(root, "elsewhere/5_e/down.sql", "SELECT -5;")],
  ["a file whose name is ignored", (root) => write(root, "migrations/d/5_e/up.txt", "SELECT 5;")],
  ["another configuration", (root) => writeFile(join(root, "config.yaml"), "version: 2\n")],
  ["a second file of a version", (root) => write(root, "migrations/d/01_x/up.sql", "SELECT 1;")],
  [
    "a link whose target has moved out of the project",
    async (root) => {
      await rename(join(root, "elsewhere"), `${root}-moved`);
      await symlink(`${root}-moved`, join(root, "elsewhere"));
    },
  ],
  ["a broken link", (root) => symlink("gone", join(root, "migrations/d/7_x"))],
  ["a link out of the project", (root) => symlink("/etc", join(root, "migrations/d/7_x"))],
  ["no migrations", (root) => rm(join(root, "migrations"), { recursive: true })],
  ["no project", (root) => rm(root, { recursive: true })],
];

async function write(root: string, path: string, content: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), content);
}

async function linkedProject(t: TestContext): Promise<string> {
  const root = await projectOnDisk(t, files);
  t.onTestFinished(() => rm(`${root}-moved`, { recursive: true, force: true }));
  await symlink("../../elsewhere/5_e", join(root, "migrations/d/8_link"));
  await utimes(join(root, first), writtenAt, writtenAt);
  return root;
}

describe("a project that is kept between runs", () => {
  for (const [what, change] of changes) {
    test(`${what} is noticed`, async (t) => {
      const directory = await linkedProject(t);
      const read = keptProject({ directory, fs: realFileSystem, now: later });
      const before = await contentOf(read());
      await change(directory);
      const after = await contentOf(readProject(directory));
      assert.notDeepEqual(after, before, "the change changes nothing");
      assert.deepEqual(await contentOf(read()), after);
    });
  }

  test("all of these changes are noticed one after the other", async (t) => {
    const directory = await linkedProject(t);
    const read = keptProject({ directory, fs: realFileSystem, now: later });
    for (const [what, change] of changes) {
      await change(directory).catch(() => undefined); // what one removed, a later one cannot change
      assert.deepEqual(await contentOf(read()), await contentOf(readProject(directory)), what);
    }
  });

  test("in a bare migrations directory, a configuration that appears or disappears is noticed", async (t) => {
    const directory = await projectOnDisk(t, { "1_a/up.sql": "SELECT 1;" });
    const read = keptProject({ directory, fs: realFileSystem, now: later });
    assert.equal((await read()).configVersion, 2);
    await write(directory, "config.yaml", "version: 3\nmigrations_directory: .\n");
    assert.equal((await read()).configVersion, 3);
    await unlink(join(directory, "config.yaml"));
    assert.equal((await read()).configVersion, 2);
  });

  test("unchanged, it is neither listed nor read again, but for its configuration", async (t) => {
    const directory = await linkedProject(t);
    const { fs, calls } = counting();
    const read = keptProject({ directory, fs, now: later });
    const before = await contentOf(read());
    calls.length = 0;
    assert.deepEqual(await contentOf(read()), before);
    assert.deepEqual(
      calls.filter((call) => !call.startsWith("stat ")),
      [`read ${join(directory, "config.yaml")}`],
    );
  });

  test("unchanged, its inventory is made once, from one look at each file", async (t) => {
    const directory = await linkedProject(t);
    const { fs, calls } = counting();
    const read = keptProject({ directory, fs, now: later });
    const { digest } = await inventoryOf(await read());
    const again = await read();
    calls.length = 0;
    assert.equal((await inventoryOf(again)).digest, digest);
    // Databases may be left out of it.
    const [name, migrations] = [...again.databases][0] ?? assert.fail("there is no database");
    await inventoryOf({ ...again, databases: new Map([[name, migrations]]) });
    assert.deepEqual(calls, []);
  });

  test("so soon after a change that another would not show, its inventory is made again", async (t) => {
    const directory = await projectOnDisk(t, files);
    const { fs, calls } = counting();
    const read = keptProject({ directory, fs, now: Date.now });
    await inventoryOf(await read());
    const again = await read();
    calls.length = 0;
    await inventoryOf(again);
    assert(calls.includes(`read ${join(directory, first)}`));
  });

  test("a change at the moment of the first check that leaves the same times is noticed", async (t) => {
    const directory = await projectOnDisk(t, files);
    const startedAt = Date.now();
    // A file system that counts in minutes.
    const coarse: FileSystem = {
      ...realFileSystem,
      stat: (path) => ({
        ...realFileSystem.stat(path),
        inode: 1,
        modifiedMs: startedAt,
        changedMs: startedAt,
      }),
    };
    const read = keptProject({ directory, fs: coarse, now: () => startedAt });
    const before = await contentOf(read());
    await writeFile(join(directory, first), "SELECT 7;");
    const edited = await contentOf(readProject(directory));
    assert.notDeepEqual(edited, before);
    assert.deepEqual(await contentOf(read()), edited);
    await write(directory, "migrations/d/9_z/up.sql", "SELECT 9;");
    const added = await contentOf(readProject(directory));
    assert.notDeepEqual(added, edited);
    assert.deepEqual(await contentOf(read()), added);
  });

  test("the text of a file is read at each request", async (t) => {
    const directory = await projectOnDisk(t, files);
    const read = keptProject({ directory, fs: realFileSystem, now: later });
    const up = (await read()).databases.get("d")?.[0]?.up;
    assert.equal((await up?.body())?.sql, "SELECT 1;");
    await writeFile(join(directory, first), "SELECT 7;");
    assert.equal((await up?.body())?.sql, "SELECT 7;");
  });

  test("a directory that cannot be listed is checked again, and noticed once it can be", async (t) => {
    const directory = await projectOnDisk(t, { ...files, "migrations/d/notes/up.sql": "" });
    const state = { locked: true };
    const locked: FileSystem = {
      ...realFileSystem,
      list: (path) => {
        if (state.locked && path.endsWith("/notes")) throw new Error("EACCES");
        return realFileSystem.list(path);
      },
    };
    const read = keptProject({ directory, fs: locked, now: later });
    assert.notDeepEqual(await contentOf(read()), await contentOf(readProject(directory)));
    state.locked = false;
    assert.deepEqual(await contentOf(read()), await contentOf(readProject(directory)));
  });

  test("after a refusal the repaired project is read", async (t) => {
    const directory = await projectOnDisk(t, { ...files, "migrations/d/01_x/up.sql": "SELECT 1;" });
    const read = keptProject({ directory, fs: realFileSystem, now: later });
    assert.equal(await contentOf(read()), "duplicate-version");
    await rm(join(directory, "migrations/d/01_x"), { recursive: true });
    assert.deepEqual(await contentOf(read()), await contentOf(readProject(directory)));
  });

  test("a file that cannot be read is refused each time its checksum is requested", async (t) => {
    const directory = await projectOnDisk(t, files);
    const read = keptProject({ directory, fs: realFileSystem, now: later });
    const up = (await read()).databases.get("d")?.[0]?.up;
    await up?.checksum();
    await unlink(join(directory, first));
    await assert.rejects(
      async () => up?.checksum(),
      (thrown) => thrown instanceof Failure && thrown.code === "unreadable-file",
    );
  });
});

/** The file system of an image: this process may not write to it. */
const readOnly: Partial<FileSystem> = { isWritable: () => false };

async function withManifest(t: TestContext): Promise<string> {
  const directory = await projectOnDisk(t, files);
  const manifest = await manifestOf(await readProject(directory), [], realFileSystem);
  await writeFile(join(directory, manifestName), JSON.stringify(manifest));
  return directory;
}

describe("the manifest of an image's project", () => {
  test("replaces reading the up files, and every further check of the project", async (t) => {
    const directory = await withManifest(t);
    const { fs, calls } = counting(readOnly);
    const read = keptProject({ directory, fs, now: later });
    const project = await read();
    calls.length = 0;
    for (const { up } of [...project.databases.values()].flat()) await up?.checksum();
    assert.equal(await read(), project);
    assert.deepEqual(calls, []);
    const expected = await contentOf(readProject(directory));
    assert.deepEqual(await contentOf(Promise.resolve(project)), expected);
  });

  test("is neither a migration nor a database, nor an ignored file", async (t) => {
    for (const layout of [files, { "1_a/up.sql": "SELECT 1;" }, { "d/1_a/up.sql": "SELECT 1;" }]) {
      const directory = await projectOnDisk(t, layout);
      const before = await contentOf(readProject(directory));
      await writeFile(join(directory, manifestName), "{}");
      assert.deepEqual(await contentOf(readProject(directory)), before);
    }
  });

  test("describes the files of a bare migrations directory", async (t) => {
    const directory = await projectOnDisk(t, { "1_a/up.sql": "SELECT 1;" });
    const manifest = await manifestOf(await readProject(directory), [], realFileSystem);
    await writeFile(join(directory, manifestName), JSON.stringify(manifest));
    const { fs, calls } = counting(readOnly);
    const read = keptProject({ directory, fs, now: later });
    await read();
    calls.length = 0;
    await read();
    assert.deepEqual(calls, []);
  });

  const notUsed: [what: string, change: Change, more?: Partial<FileSystem>][] = [
    ["a file is new", (root) => write(root, "migrations/d/9_z/up.sql", "SELECT 9;")],
    ["a file is gone", (root) => unlink(join(root, "migrations/d/1_a/down.sql"))],
    ["a file has another size", (root) => writeFile(join(root, first), "SELECT 77;")],
    [
      "a file has another time",
      async (root) => {
        await writeFile(join(root, first), "SELECT 7;");
        await utimes(join(root, first), writtenAt, writtenAt);
      },
    ],
    [
      "a file has another name",
      (root) => rename(join(root, "migrations/d/2_b"), join(root, "migrations/d/2_x")),
    ],
    ["it is damaged", (root) => writeFile(join(root, manifestName), '{"format":1,"files":')],
    [
      "it has a format of another version",
      (root) => writeFile(join(root, manifestName), '{"format":2,"files":{}}'),
    ],
    [
      "a directory can be written to",
      async () => undefined,
      { isWritable: (path) => path.endsWith("/2_b") },
    ],
  ];
  for (const [what, change, more] of notUsed) {
    test(`is not used where ${what}`, async (t) => {
      const directory = await withManifest(t);
      await change(directory);
      const read = keptProject({
        directory,
        fs: { ...realFileSystem, ...readOnly, ...more },
        now: later,
      });
      const expected = await contentOf(readProject(directory));
      assert.deepEqual(await contentOf(read()), expected);
      await writeFile(join(directory, "migrations/d/3_c/up.sql"), "SELECT 3;");
      assert.notDeepEqual(await contentOf(readProject(directory)), expected);
      assert.deepEqual(await contentOf(read()), await contentOf(readProject(directory)));
    });
  }

  test("allows for times that were rounded to seconds", async (t) => {
    const directory = await withManifest(t);
    const rounded: FileSystem = {
      ...realFileSystem,
      ...readOnly,
      stat: (path) => {
        const state = realFileSystem.stat(path);
        return { ...state, modifiedMs: Math.floor(state.modifiedMs / 1000) * 1000 };
      },
    };
    const { fs, calls } = counting(rounded);
    const read = keptProject({ directory, fs, now: later });
    await read();
    calls.length = 0;
    await read();
    assert.deepEqual(calls, []);
  });
});
