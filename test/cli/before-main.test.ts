import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "vitest";
import { builtCli } from "../support/cli-process.ts";
import { emptyDirectory } from "../support/test-context.ts";

/** Runs the built CLI by a shell command, in which `$CLI` starts it. */
async function shell(command: string, cwd: string, env: Record<string, string> = {}) {
  const ran = spawnSync("/bin/sh", ["-c", command.replaceAll("$CLI", `"$NODE" "$ENTRY"`)], {
    cwd,
    encoding: "utf8",
    env: {
      PATH: process.env["PATH"] ?? "",
      NODE: process.execPath,
      ENTRY: await builtCli(),
      ...env,
    },
  });
  return { code: ran.status, stderr: ran.stderr, stdout: ran.stdout };
}

/** Runs the CLI in a Node with a compile cache that only records its directory. */
async function withCompileCache({
  env,
  throws = false,
  args = "--help",
}: {
  readonly env: Record<string, string>;
  readonly throws?: boolean;
  readonly args?: string;
}) {
  const cwd = mkdtempSync(join(tmpdir(), "hasura-migrate-"));
  const record = join(cwd, "directory");
  writeFileSync(
    join(cwd, "newer.cjs"),
    `require("node:module").enableCompileCache = (directory) => {
       ${throws ? 'throw new Error("no cache");' : ""}
       require("node:fs").writeFileSync(${JSON.stringify(record)}, directory);
     };`,
  );
  const ran = await shell(`"$NODE" --require ./newer.cjs "$ENTRY" ${args}`, cwd, env);
  const directory = existsSync(record) ? readFileSync(record, "utf8") : undefined;
  rmSync(cwd, { recursive: true });
  return { ...ran, directory };
}

describe("before the program starts", () => {
  test("a working directory that was removed: one sentence, exit 2", async () => {
    const cwd = mkdtempSync(join(tmpdir(), "hasura-migrate-"));
    const { code, stderr } = await shell('rmdir "$PWD"; $CLI envs', cwd);
    assert.equal(stderr, "✗ The working directory no longer exists: change to another one.\n");
    assert.equal(code, 2);
  });

  test("a Node.js that is too old is named: exit 2", async (t) => {
    const cwd = emptyDirectory(t);
    const old = join(cwd, "old.cjs");
    writeFileSync(
      old,
      'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "18.20.0" } });',
    );
    const { code, stderr } = await shell(`"$NODE" --require "${old}" "$ENTRY" envs`, cwd);
    assert.match(
      stderr,
      /^✗ hasura-migrate needs Node\.js 20 or newer; this is 18\.20\.0 \(.*\)\.\n$/,
    );
    assert.equal(code, 2);
  });

  test.each([
    { of: "HOME", env: { HOME: "/home/jo" }, kept: "/home/jo/.cache/hasura-migrate" },
    {
      of: "XDG_CACHE_HOME",
      env: { HOME: "/home/jo", XDG_CACHE_HOME: "/var/cache/jo" },
      kept: "/var/cache/jo/hasura-migrate",
    },
    {
      of: "HOME, if XDG_CACHE_HOME is relative,",
      env: { HOME: "/home/jo", XDG_CACHE_HOME: "cache" },
      kept: "/home/jo/.cache/hasura-migrate",
    },
    { of: "nothing, without a home", env: {}, kept: undefined },
    {
      of: "nothing, if Node has its own",
      env: { HOME: "/home/jo", NODE_COMPILE_CACHE: "/tmp/node" },
      kept: undefined,
    },
  ])("what Node has compiled is kept below $of", async ({ env, kept }) => {
    const { directory, code } = await withCompileCache({ env });
    assert.equal(code, 0);
    assert.equal(directory, kept);
  });

  test("a compile cache that cannot be used changes nothing", async () => {
    const { code, stderr } = await withCompileCache({ env: { HOME: "/home/jo" }, throws: true });
    assert.doesNotMatch(stderr, /no cache/);
    assert.equal(code, 0);
  });

  test("the version is printed without a compile cache", async () => {
    const { directory, stdout } = await withCompileCache({
      env: { HOME: "/home/jo" },
      args: "--version",
    });
    assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
    assert.equal(directory, undefined);
  });

  test("it runs without any home directory", async (t) => {
    const cwd = emptyDirectory(t);
    const lost = join(cwd, "lost.cjs");
    // What libuv reports for a UID without a passwd entry.
    writeFileSync(
      lost,
      'require("node:os").homedir = require("node:os").userInfo = () => { if (process.env.HOME) return process.env.HOME; throw new Error("ENOENT: uv_os_homedir"); }; require("node:module").syncBuiltinESMExports();',
    );
    const { code, stderr } = await shell(`"$NODE" --require "${lost}" "$ENTRY" envs`, cwd);
    assert.doesNotMatch(stderr, /\n\s+at /);
    assert.equal(code, 0, stderr);
  });

  test.skipIf(!existsSync("/dev/full"))(
    "a full disk under the output of --version: one sentence, exit 2",
    async (t) => {
      const { code, stderr } = await shell("$CLI --version >/dev/full", emptyDirectory(t));
      assert.equal(stderr, "✗ The version could not be written (ENOSPC).\n");
      assert.equal(code, 2);
    },
  );

  test.skipIf(!existsSync("/dev/full"))(
    "a full disk under the output of a command: one sentence, exit 2, and a failure keeps its own exit code",
    async (t) => {
      const cwd = emptyDirectory(t);
      writeFileSync(
        join(cwd, "hasura-migrate.json"),
        '{ "environments": { "dev-1": { "function": "f", "region": "eu-west-1" } } }',
      );
      for (const command of ["envs", "--help", "help status"]) {
        const { code, stderr } = await shell(`$CLI ${command} >/dev/full`, cwd);
        assert.equal(stderr, "✗ Part of the output could not be written (ENOSPC).\n", command);
        assert.equal(code, 2);
      }
      assert.equal((await shell("$CLI envs >/dev/null", cwd)).code, 0);
      assert.equal((await shell("$CLI envs | true", cwd)).stderr, "");
    },
  );

  test("package.json requires the same version of Node.js as the check", () => {
    const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
    assert.match(text, /"node": ">=20/);
  });
});
