import assert from "node:assert/strict";
import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "vitest";
import { readProject } from "../../../src/engine/project/project.ts";
import { isInside } from "../../../src/engine/project/scan.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import { hintLines } from "../../support/hint-lines.ts";
import { projectOnDisk } from "../support/run.ts";

const v3 = { "config.yaml": "version: 3\n" };
const taken = { ...v3, "migrations/d/9_z/up.sql": "1" };

async function notices(...given: Parameters<typeof projectOnDisk>): Promise<string[]> {
  return (await readProject(await projectOnDisk(...given))).notices.map(
    ({ code, message }) => `${code}: ${message}`,
  );
}

describe("files that are ignored", () => {
  for (const path of [
    "migrations/d/1_x/Up.sql",
    "migrations/d/1_x/up.SQL",
    "migrations/d/1_x/up.sql.txt",
    "migrations/d/1_x/up.txt",
    "migrations/d/1_x/up",
    "migrations/d/1_x/DOWN.SQL",
    "migrations/d/1-x.up.sql",
    "migrations/d/1_x.sql",
    "migrations/d/add_users.up.sql",
    "migrations/d/1_x.up.sql.txt",
    "migrations/d/up.sql",
    "migrations/d/99999999999999999999999_x/up.sql",
  ])
    test(`${path} is named`, async (t) => {
      const [notice = "", ...others] = await notices(t, { ...taken, [path]: "select 1;" });
      assert.deepEqual(others, []);
      assert.ok(
        notice.startsWith(
          `ignored-files: Ignored, because they are not named like migrations: ${path}.`,
        ),
      );
    });

  for (const path of [
    "migrations/d/1-x/up.sql",
    "migrations/d/1 x/up.sql",
    "migrations/d/V1__x/up.sql",
    "migrations/d/1700000000000/up.sql",
    "migrations/d/2024/1_x/up.sql",
    "migrations/d/add_users/up.sql",
    "migrations/d/add_users/Down.SQL",
  ])
    test(`the directory of ${path} is named`, async (t) => {
      const directory = path.split("/").slice(0, 3).join("/");
      const [notice = "", ...others] = await notices(t, { ...taken, [path]: "select 1;" });
      assert.deepEqual(others, []);
      assert.ok(
        notice.startsWith(
          `ignored-files: Ignored, because they are not named like migrations: ${directory}.`,
        ),
      );
    });

  for (const path of [
    "migrations/d/README.md",
    "migrations/d/.gitkeep",
    "migrations/d/.1-x.sql",
    "migrations/d/9_z/up.sql.orig",
    "migrations/d/9_z/notes.md",
    "migrations/d/9_z/update_users.md",
    "migrations/d/squashed_1_to_2/1_x/up.sql",
    "migrations/d/docs/update.md",
    "migrations/d/docs/up/notes.md",
  ])
    test(`${path} is not worth a notice`, async (t) =>
      assert.deepEqual(await notices(t, { ...taken, [path]: "select 1;" }), []));

  test("a database may be named like a migration", async (t) =>
    assert.deepEqual(await notices(t, { ...v3, "migrations/2024_archive/1_x/up.sql": "1" }), []));

  test("a directory is named for one such file among others", async (t) => {
    const files = { "migrations/d/add_users/README.md": "x", "migrations/d/add_users/up.sql": "1" };
    assert.match(
      (await notices(t, { ...taken, ...files })).join(),
      /named like migrations: migrations\/d\/add_users\./,
    );
  });

  test("an empty down file does not count as a migration without SQL", async (t) => {
    const files = { "migrations/d/8_y/down.sql": "", "migrations/d/7_x.down.sql": "" };
    assert.deepEqual(await notices(t, { ...taken, ...files }), []);
  });

  test("migrations without SQL yet are counted and named", async (t) => {
    assert.deepEqual(
      await notices(t, {
        ...v3,
        "migrations/d/1_foo/up.sql": "",
        "migrations/d/1_foo/down.sql": "",
        "migrations/d/2_bar.up.sql": "",
      }),
      ["empty-migrations: 2 empty: 1_foo, 2_bar.up.sql (no SQL in up.sql yet)."],
    );
  });
});

describe("config.yaml under another name", () => {
  for (const name of ["config.yml", "Config.yaml", "CONFIG.YML"])
    test(`${name} is refused, whatever else is there`, async (t) => {
      const root = await projectOnDisk(t, {
        [name]: "version: 3\nmigrations_directory: db\n",
        "db/d/1_x/up.sql": "1",
        "migrations/d/1_x/up.sql": "1",
      });
      await assert.rejects(readProject(root), (thrown) => {
        assert.ok(thrown instanceof Failure && thrown.code === "bad-project-config");
        assert.ok(thrown.message.includes(`${name} is ignored`));
        assert.equal(thrown.kind, "usage");
        assert.deepEqual(hintLines(thrown.hints), ["Rename it to config.yaml."]);
        return true;
      });
    });

  for (const name of ["config.yaml.bak", "app-config.yml"])
    test(`${name} is another file`, async (t) =>
      assert.deepEqual(await notices(t, { [name]: "x", "migrations/d/1_x/up.sql": "1" }), []));

  test("beside config.yaml it does not matter", async (t) =>
    assert.deepEqual(await notices(t, { ...taken, "config.yml": "x" }), []));
});

describe("links out of the project", () => {
  const links: [string, string][] = [
    ["migrations/d/1_x/up.sql", "1_y/up.sql"],
    ["migrations/d/1_x/down.sql", "1_y/up.sql"],
    ["migrations/d/1_x.up.sql", "1_y/up.sql"],
    ["migrations/d/1_x", "1_y"],
    ["migrations/e", "."],
    ["migrations", "."],
  ];
  for (const [link, target] of links)
    test(`${link} is refused by name`, async (t) => {
      const outside = await projectOnDisk(t, { "1_y/up.sql": "select 'secret';" });
      const root = await projectOnDisk(t, v3);
      await mkdir(join(root, link, ".."), { recursive: true });
      await symlink(join(outside, target), join(root, link));
      await assert.rejects(readProject(root), (thrown) => {
        assert.ok(thrown instanceof Failure && thrown.code === "link-outside-project");
        assert.ok(thrown.kind === "usage" && thrown.message.includes(link));
        assert.deepEqual(hintLines(thrown.hints), [
          "Replace the link with the file or directory itself.",
        ]);
        return true;
      });
    });

  test("the project itself may be reached by a link, and config.yaml may put the migrations elsewhere", async (t) => {
    const root = await projectOnDisk(t, {
      "app/config.yaml": "version: 3\nmigrations_directory: ../db\n",
      "db/d/1_x/up.sql": "1",
    });
    await symlink(join(root, "app"), join(root, "current"));
    assert.deepEqual([...(await readProject(join(root, "current"))).databases.keys()], ["d"]);
  });

  test("a link may lead into either, if the migrations are elsewhere", async (t) => {
    const root = await projectOnDisk(t, {
      "app/config.yaml": "version: 3\nmigrations_directory: ../db\n",
      "app/shared/up.sql": "1",
      "db/d/1_x/up.sql": "1",
    });
    await symlink(join(root, "app/shared"), join(root, "db/d/2_y"));
    await symlink(join(root, "db/d/1_x"), join(root, "db/d/3_z"));
    assert.deepEqual(
      (await readProject(join(root, "app"))).databases.get("d")?.map(({ version }) => version),
      ["1", "2", "3"],
    );
  });

  const places: [path: string, directory: string, isIn: boolean][] = [
    ["/a", "/a", true],
    ["/a/b", "/a", true],
    ["/a/..b", "/a", true],
    ["/", "/a", false],
    ["/a", "/a/b", false],
    ["/ab", "/a", false],
    ["/a/c", "/a/b", false],
  ];
  for (const [path, directory, isIn] of places)
    test(`${path} is ${isIn ? "in" : "outside"} ${directory}`, () =>
      assert.equal(isInside(path, directory), isIn));
});
