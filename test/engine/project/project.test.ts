import assert from "node:assert/strict";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { describe, test } from "vitest";
import { readProject, type Project } from "../../../src/engine/project/project.ts";
import { realFileSystem } from "../../../src/engine/project/file-system.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import { projectOnDisk } from "../support/run.ts";

const v3 = { "config.yaml": "version: 3\n" };
const summary = (project: Project): Record<string, string[]> =>
  Object.fromEntries(
    [...project.databases].map(([name, migrations]) => [
      name,
      migrations.map(
        (it) => `${it.version} ${it.name}${it.up ? " up" : ""}${it.down ? " down" : ""}`,
      ),
    ]),
  );

const layouts: [string, Record<string, string>, Record<string, string[]>][] = [
  [
    "config version 3 has a folder for each database",
    { ...v3, "migrations/a/1_x/up.sql": "1", "migrations/b/2_y/down.sql": "1" },
    { a: ["1 x up"], b: ["2 y down"] },
  ],
  [
    "config version 2 has none",
    { "config.yaml": "version: 2", "migrations/1_x/up.sql": "1" },
    { default: ["1 x up"] },
  ],
  [
    "without a version it is 1",
    {
      "config.yaml": "endpoint: http://x",
      "migrations/1_x.up.sql": "1",
      "migrations/2_y.up.yaml": "[]",
    },
    { default: ["1 x up", "2 y up"] },
  ],
  [
    "migrations_directory is followed",
    {
      "config.yaml": "version: 3\nmigrations_directory: db/steps",
      "db/steps/default/1_x/up.sql": "1",
    },
    { default: ["1 x up"] },
  ],
  [
    "a root can be its own migrations directory",
    {
      "config.yaml": "version: 3\nmigrations_directory: .\nmetadata_directory: metadata",
      "default/1_x/up.sql": "1",
      "metadata/tables.yaml": "x",
    },
    { default: ["1 x up"] },
  ],
  [
    "a migrations folder without configuration is enough",
    { "migrations/default/1_x/up.sql": "1" },
    { default: ["1 x up"] },
  ],
  [
    "a bare directory of databases is told by its names",
    { "default/1_x/up.sql": "1", "other/2_y/up.sql": "1" },
    { default: ["1 x up"], other: ["2 y up"] },
  ],
  [
    "a bare directory of migrations is told by its names",
    { "1_x/up.sql": "1", "2_y/up.sql": "1" },
    { default: ["1 x up", "2 y up"] },
  ],
  [
    "names may hold blanks and any Unicode",
    { ...v3, "migrations/my db/1_ä 🎉 b/up.sql": "1" },
    { "my db": ["1 ä 🎉 b up"] },
  ],
  [
    "flat files and directories meet in one version",
    { ...v3, "migrations/d/1_x.up.sql": "1", "migrations/d/1_x/down.sql": "1" },
    { d: ["1 x up down"] },
  ],
  [
    "a prefix becomes part of the name",
    { ...v3, "migrations/d/1_x/old.up.sql": "1" },
    { d: ["1 x.old up"] },
  ],
  [
    "files of 0 bytes are absent",
    {
      ...v3,
      "migrations/d/1_x/up.sql": "",
      "migrations/d/1_x/down.sql": "1",
      "migrations/d/2_y/up.sql": "",
    },
    { d: ["1 x down"] },
  ],
  [
    "leading zeros vanish and order is numeric",
    { ...v3, "migrations/d/0010_x/up.sql": "1", "migrations/d/9_y/up.sql": "1" },
    { d: ["9 y up", "10 x up"] },
  ],
  [
    "leftovers of a squash are passed over",
    { ...v3, "migrations/d/squashed_1_to_2/1_x/up.sql": "1", "migrations/d/2_y/up.sql": "1" },
    { d: ["2 y up"] },
  ],
  [
    "the largest version",
    { ...v3, "migrations/d/9223372036854775807_x/up.sql": "1" },
    { d: ["9223372036854775807 x up"] },
  ],
];
describe("project", () => {
  for (const [name, files, expected] of layouts) {
    test(`a project: ${name}`, async (t) =>
      assert.deepEqual(summary(await readProject(await projectOnDisk(t, files))), expected));
  }

  const broken: [string, Record<string, string>, string, RegExp][] = [
    [
      "one version twice",
      { ...v3, "migrations/d/1_x/up.sql": "1", "migrations/d/01_y/up.sql": "1" },
      "duplicate-version",
      /migrations\/d\/01_y\/up\.sql and migrations\/d\/1_x\/up\.sql/,
    ],
    [
      "a version that no tool can hold",
      { ...v3, "migrations/d/9223372036854775808_x/up.sql": "1" },
      "version-too-large",
      /migrations\/d\/9223372036854775808_x/,
    ],
    [
      "a configuration that is no YAML",
      { "config.yaml": "version: [" },
      "bad-project-config",
      /not valid YAML/,
    ],
    ["an unknown config version", { "config.yaml": "version: 4" }, "bad-project-config", /version/],
    [
      "a configuration without its migrations",
      { ...v3, "other/x": "" },
      "no-migrations-directory",
      /no directory .*migrations/,
    ],
  ];
  for (const [name, content] of [
    ["UTF-16", Buffer.from("\uFEFFversion: 3\r\n", "utf16le")],
    ["UTF-8 with a mark", "\uFEFFversion: 3\n"],
  ] as const)
    test(`config.yaml is read in ${name}`, async (t) => {
      const root = await projectOnDisk(t, {
        "config.yaml": content,
        "migrations/d/1_x/up.sql": "1",
      });
      assert.deepEqual(summary(await readProject(root)), { d: ["1 x up"] });
    });

  test("config.yaml in another encoding is refused", async (t) => {
    const content = Buffer.from("# caf\xe9\nversion: 3\n", "latin1");
    await assert.rejects(
      readProject(await projectOnDisk(t, { "config.yaml": content })),
      /config\.yaml cannot be read: it is not valid UTF-8/,
    );
  });

  for (const [name, files, code, message] of broken) {
    test(`a project is refused for ${name}`, async (t) => {
      await assert.rejects(readProject(await projectOnDisk(t, files)), (error) => {
        assert.ok(error instanceof Failure && error.kind === "usage");
        assert.equal(error.code, code);
        assert.match(error.message, message);
        return true;
      });
    });
  }

  test("a missing directory is named", async () => {
    await assert.rejects(
      readProject("/nowhere/at/all"),
      (error) =>
        error instanceof Failure &&
        error.code === "no-directory" &&
        error.message.includes("/nowhere/at/all"),
    );
  });

  test("an unreadable directory is named", async (t) => {
    const root = await projectOnDisk(t, { ...v3, "migrations/d/1_x/up.sql": "1" });
    const locked = join(root, "migrations", "d");
    // As root every directory can be read, so the refusal comes from the file system that is passed in.
    const list = (directory: string): ReturnType<typeof realFileSystem.list> => {
      if (directory === locked)
        throw Object.assign(new Error("permission denied"), { code: "EACCES" });
      return realFileSystem.list(directory);
    };
    await assert.rejects(
      readProject(root, { ...realFileSystem, list }),
      (error) =>
        error instanceof Failure &&
        error.code === "unreadable-directory" &&
        error.message.includes("migrations/d"),
    );
  });

  test("an empty directory has no migrations, with a notice", async (t) => {
    const project = await readProject(await projectOnDisk(t, {}));
    assert.equal(project.databases.size, 0);
    assert.deepEqual(
      project.notices.map((it) => it.code),
      ["no-migrations"],
    );
  });

  test("migrations that lie where config version 3 does not look are pointed out", async (t) => {
    const project = await readProject(
      await projectOnDisk(t, {
        ...v3,
        "migrations/1_x/up.sql": "1",
        "migrations/d/2_y/up.sql": "1",
      }),
    );
    assert.deepEqual(
      project.notices.map((it) => it.code),
      ["misplaced-migrations"],
    );
  });

  test("links to files, migrations and databases are followed, whatever their targets are called", async (t) => {
    const root = await projectOnDisk(t, {
      ...v3,
      "elsewhere/some/up.sql": "1",
      "elsewhere/d/2_y/up.sql": "1",
      "elsewhere/text": "1",
    });
    await mkdir(join(root, "migrations/d/3_z"), { recursive: true });
    await symlink(join(root, "elsewhere/some"), join(root, "migrations/d/1_x"));
    await symlink(join(root, "elsewhere/text"), join(root, "migrations/d/3_z/up.sql"));
    await symlink(join(root, "elsewhere/d"), join(root, "migrations/e"));
    assert.deepEqual(summary(await readProject(root)), { d: ["1 x up", "3 z up"], e: ["2 y up"] });
  });

  test("a link that is broken is an error that names it", async (t) => {
    const root = await projectOnDisk(t, { ...v3, "migrations/d/1_x/up.sql": "1" });
    await symlink(join(root, "gone"), join(root, "migrations/d/2_y"));
    await assert.rejects(readProject(root), /migrations\/d\/2_y is broken/);
  });

  test("paths are from the root, and a bare migrations directory keeps its name in them", async (t) => {
    const root = await projectOnDisk(t, { "1_x/up.sql": "SELECT 1;" });
    const [migration] = (await readProject(root)).databases.get("default") ?? [];
    assert.equal(migration?.up?.path, `${basename(root)}/1_x/up.sql`);
  });

  test("bodies are read on request, not before", async (t) => {
    const root = await projectOnDisk(t, { ...v3, "migrations/d/1_x/up.sql": "SELECT 1;" });
    const read: string[] = [];
    const project = await readProject(root, {
      ...realFileSystem,
      read: (path) => (read.push(path), realFileSystem.read(path)),
    });
    assert.deepEqual(
      read.map((path) => basename(path)),
      ["config.yaml"],
    );
    await writeFile(join(root, "migrations/d/1_x/up.sql"), "SELECT 2;");
    assert.equal((await project.databases.get("d")?.[0]?.up?.body())?.sql, "SELECT 2;");
  });
});
