import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "vitest";
import { realFileSystem, type FileSystem } from "../../../src/engine/project/file-system.ts";
import { readProject } from "../../../src/engine/project/project.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import { hintLines } from "../../support/hint-lines.ts";
import { projectOnDisk } from "../support/run.ts";

const v3 = { "config.yaml": "version: 3\n" };
const one = { ...v3, "migrations/d/1_a/up.sql": "SELECT 1;" };

/** The disk, but for one call that fails for paths with this ending, as it does where a process may not read them. */
function failing(call: keyof FileSystem, ending: string, code: string): FileSystem {
  const check = (path: string): void => {
    if (path.endsWith(ending)) throw Object.assign(new Error(`${code}: ${path}`), { code });
  };
  const checked: Partial<FileSystem> = {
    list: (path) => (check(path), realFileSystem.list(path)),
    stat: (path) => (check(path), realFileSystem.stat(path)),
    read: async (path) => (check(path), realFileSystem.read(path)),
  };
  return { ...realFileSystem, [call]: checked[call] };
}

/** The failure that was thrown, once it is known to have this code and to name what it is about. */
function refusal(thrown: unknown, code: string, named: string): Failure {
  assert(thrown instanceof Failure, String(thrown));
  assert.deepEqual([thrown.kind, thrown.code], ["usage", code]);
  assert(thrown.message.includes(named), thrown.message);
  return thrown;
}

describe("a project that cannot be read", () => {
  const cases: [what: string, fs: FileSystem, code: string, named: string][] = [
    [
      "its configuration",
      failing("read", "config.yaml", "EACCES"),
      "bad-project-config",
      "config.yaml",
    ],
    [
      "its migrations directory",
      failing("stat", "/migrations", "EACCES"),
      "unreadable-directory",
      "/migrations",
    ],
    [
      "the list of its databases",
      failing("list", "/migrations", "EIO"),
      "unreadable-directory",
      "migrations",
    ],
    [
      "a migration's directory",
      failing("list", "/1_a", "EACCES"),
      "unreadable-directory",
      "migrations/d/1_a",
    ],
    [
      "a file's size",
      failing("stat", "/up.sql", "EACCES"),
      "unreadable-file",
      "migrations/d/1_a/up.sql",
    ],
  ];
  for (const [what, fs, code, named] of cases) {
    test(`because of ${what} is refused, with the reason as its cause`, async (t) => {
      const root = await projectOnDisk(t, one);
      await assert.rejects(
        readProject(root, fs),
        (thrown) => refusal(thrown, code, named).cause instanceof Error,
      );
    });
  }

  test("because of a file's content is noticed when the content is asked for", async (t) => {
    const root = await projectOnDisk(t, one);
    const project = await readProject(root, failing("read", "/up.sql", "EIO"));
    const file = project.databases.get("d")?.[0]?.up;
    assert(file);
    await assert.rejects(
      file.body(),
      (thrown) =>
        refusal(thrown, "unreadable-file", "migrations/d/1_a/up.sql").cause instanceof Error,
    );
  });

  test("because its own directory cannot be listed is refused, with the reason as its cause", async (t) => {
    const root = await projectOnDisk(t, { "1_a/up.sql": "1" });
    await assert.rejects(
      readProject(root, failing("list", root, "EACCES")),
      (thrown) => refusal(thrown, "unreadable-directory", root).cause instanceof Error,
    );
  });

  test("is none because of a directory that is not a migration's", async (t) => {
    const root = await projectOnDisk(t, { ...one, "migrations/d/docs/x.md": "x" });
    const { notices } = await readProject(root, failing("list", "/docs", "EACCES"));
    assert.deepEqual(notices, []);
  });

  const encodings: [name: string, bytes: Uint8Array][] = [
    ["not valid UTF-8", Buffer.from("# caf\xe9\nversion: 3\n", "latin1")],
    ["UTF-32", Buffer.from([0xff, 0xfe, 0, 0, 0x61, 0, 0, 0])],
  ];
  for (const [name, bytes] of encodings)
    test(`because its configuration is ${name} is refused, with what to do`, async (t) => {
      const root = await projectOnDisk(t, { ...one, "config.yaml": bytes });
      await assert.rejects(readProject(root), (thrown) => {
        const { hints } = refusal(
          thrown,
          "bad-project-config",
          `config.yaml cannot be read: it is ${name}.`,
        );
        assert.deepEqual(hintLines(hints), ["Save the file as UTF-8."]);
        return true;
      });
    });

  test("because its configuration is no YAML is refused, with the reason as its cause", async (t) => {
    const root = await projectOnDisk(t, { ...one, "config.yaml": "version: [" });
    await assert.rejects(
      readProject(root),
      (thrown) => refusal(thrown, "bad-project-config", "is not valid YAML").cause instanceof Error,
    );
  });

  const missing: [what: string, path: string][] = [
    ["does not exist", "gone"],
    ["is a file", "config.yaml"],
    ["is below a file", "config.yaml/project"],
  ];
  for (const [what, path] of missing) {
    test(`because its directory ${what} is refused, with what to do`, async (t) => {
      const directory = join(await projectOnDisk(t, v3), path);
      await assert.rejects(
        readProject(directory),
        (thrown) => refusal(thrown, "no-directory", directory).hints.length === 1,
      );
    });
  }

  const configurations: [what: string, yaml: string, problem: string][] = [
    ["is a list", "- version: 3", "the file: must be a mapping, such as version: 3"],
    ["has a version that does not exist", "version: 4", "version: must be 1, 2 or 3"],
    ["has a text as its version", 'version: "three"', "version: must be 1, 2 or 3"],
    [
      "has an empty migrations directory",
      "version: 3\nmigrations_directory: ''",
      "migrations_directory: must not be empty",
    ],
    [
      "has a number as its migrations directory",
      "version: 3\nmigrations_directory: 7",
      "migrations_directory: must be a path",
    ],
  ];
  for (const [what, yaml, problem] of configurations) {
    test(`because its configuration ${what} is refused, with what to do`, async (t) => {
      const root = await projectOnDisk(t, { ...one, "config.yaml": yaml });
      await assert.rejects(
        readProject(root),
        (thrown) => refusal(thrown, "bad-project-config", `: ${problem}.`).hints.length === 1,
      );
    });
  }

  test("names every problem of its configuration", async (t) => {
    const config = "version: 9\nmigrations_directory: 7";
    const root = await projectOnDisk(t, { ...one, "config.yaml": config });
    await assert.rejects(readProject(root), /version: [^;]*; migrations_directory: /);
  });

  const hinted: [what: string, files: Record<string, string>, code: string][] = [
    ["has no migrations directory", { ...v3, other: "" }, "no-migrations-directory"],
    ["has one version twice", { ...one, "migrations/d/01_b/up.sql": "1" }, "duplicate-version"],
    [
      "has a version beyond 64 bits",
      { ...v3, "migrations/d/9223372036854775808_a/up.sql": "1" },
      "version-too-large",
    ],
  ];
  for (const [what, files, code] of hinted) {
    test(`because it ${what} is refused with what to do`, async (t) => {
      const root = await projectOnDisk(t, files);
      await assert.rejects(
        readProject(root),
        (thrown) => thrown instanceof Failure && thrown.code === code && thrown.hints.length === 1,
      );
    });
  }

  test("because of a broken link is refused with the reason and what to do", async (t) => {
    const root = await projectOnDisk(t, one);
    await symlink(join(root, "gone"), join(root, "migrations/d/1_a/down.sql"));
    await assert.rejects(readProject(root), (thrown) => {
      const { cause, hints } = refusal(thrown, "broken-link", "migrations/d/1_a/down.sql");
      return cause instanceof Error && hints.length === 1;
    });
  });

  test("because a directory or a pipe is in the place of a file is refused by name", async (t) => {
    const withDirectory = await projectOnDisk(t, { ...one, "migrations/d/2_b/up.sql/x": "x" });
    await assert.rejects(
      readProject(withDirectory),
      (thrown) =>
        refusal(
          thrown,
          "unreadable-file",
          "migrations/d/2_b/up.sql is a directory, not a file",
        ) instanceof Failure,
    );
    const withPipe = await projectOnDisk(t, one);
    execFileSync("mkfifo", [join(withPipe, "migrations/d/1_a/down.sql")]);
    await assert.rejects(
      readProject(withPipe),
      (thrown) =>
        refusal(
          thrown,
          "unreadable-file",
          "migrations/d/1_a/down.sql is a pipe or a device",
        ) instanceof Failure,
    );
    const withoutConfig = await projectOnDisk(t, { "migrations/d/1_a/up.sql": "select 1;" });
    execFileSync("mkfifo", [join(withoutConfig, "config.yaml")]);
    await assert.rejects(
      readProject(withoutConfig),
      (thrown) =>
        refusal(
          thrown,
          "bad-project-config",
          "config.yaml cannot be read: it is a pipe or a device",
        ) instanceof Failure,
    );
    const other = await projectOnDisk(t, { ...one, "migrations/d/1_a/notes/x.md": "x" });
    assert.deepEqual((await readProject(other)).notices, []);
  });
});
