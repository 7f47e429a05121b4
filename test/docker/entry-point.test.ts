import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test, type TestContext } from "vitest";
import { dockerFile, filesIn, run, standIns, type Ran } from "./support/program.ts";

/** Prints how it was started, as `name|arguments|_HANDLER|LAMBDA_TASK_ROOT|directory`. */
const says = (name: string): string =>
  `echo "${name}|$*|$_HANDLER|$LAMBDA_TASK_ROOT|$(pwd)|\${NODE_EXTRA_CA_CERTS:-}"`;

const version3 = "node_modules/aws-lambda-ric/bin/index.mjs";
const version4 = "node_modules/aws-lambda-ric/index.mjs";

interface Given {
  readonly files: readonly string[];
  readonly argv?: readonly string[];
  readonly env?: Record<string, string>;
  readonly programs?: readonly string[];
}

/** Runs the entry point in a function's directory with these files, where `node` and `npx` only print how they were called. */
async function entryPoint(
  t: TestContext,
  { files, argv = ["index.runMigrations"], env, programs = ["node", "npx"] }: Given,
): Promise<Ran & { directory: string }> {
  const directory = await filesIn(t, Object.fromEntries(files.map((file) => [file, ""])));
  const bin = await standIns(t, Object.fromEntries(programs.map((name) => [name, says(name)])));
  const path = { PATH: `${bin}:/usr/bin:/bin`, FUNCTION_DIR: directory };
  const ran = await run(dockerFile("entry-point"), argv, {
    ...path,
    AWS_LAMBDA_RUNTIME_API: "127.0.0.1:9001",
    ...env,
  });
  return { ...ran, directory };
}

describe("entry point", () => {
  for (const [client, name] of [
    [version3, "version 3"],
    [version4, "version 4"],
  ] as const) {
    test(`under Lambda, ${name} of the interface client gets the handler in its argument and in _HANDLER`, async (t) => {
      // As Lambda sets them for an image.
      const env = { _HANDLER: "", LAMBDA_TASK_ROOT: "/var/task" };
      const { code, stdout, directory } = await entryPoint(t, { files: [client], env });
      assert.equal(code, 0);
      assert.equal(
        stdout,
        `node|${join(directory, client)} index.runMigrations|index.runMigrations|${directory}|${directory}|\n`,
      );
    });
  }

  test("runs the version 3 entry if both layouts are present", async (t) => {
    const { stdout, directory } = await entryPoint(t, { files: [version3, version4] });
    assert.match(stdout, new RegExp(`^node\\|${join(directory, version3)} `));
  });

  test("uses the handler in _HANDLER if there is no argument", async (t) => {
    const { stdout } = await entryPoint(t, {
      files: [version4],
      argv: [],
      env: { _HANDLER: "other.handler" },
    });
    assert.match(stdout, /index\.mjs other\.handler\|other\.handler\|/);
  });

  test("an image that was built for npx starts npx", async (t) => {
    const { stdout } = await entryPoint(t, {
      files: [version4, "node_modules/.bin/aws-lambda-ric"],
    });
    assert.match(stdout, /^npx\|--no-install aws-lambda-ric index\.runMigrations\|/);
  });

  test("as an ECS task it runs the request that it is given, without an interface client", async (t) => {
    const { code, stdout, directory } = await entryPoint(t, {
      files: ["run-task.mjs"],
      argv: ["run-task", '{"operation":"apply"}'],
      env: { AWS_LAMBDA_RUNTIME_API: "", NODE_EXTRA_CA_CERTS: "/tmp/own.pem" },
      programs: ["node"],
    });
    assert.equal(code, 0);
    assert.equal(stdout, `node|run-task.mjs {"operation":"apply"}|||${directory}|/tmp/own.pem\n`);
  });

  test("outside Lambda the emulator runs the entry point again", async (t) => {
    const { stdout } = await entryPoint(t, {
      files: [version4],
      env: { AWS_LAMBDA_RUNTIME_API: "" },
      programs: ["node", "aws-lambda-rie"],
    });
    assert.match(stdout, /^aws-lambda-rie\|\S*docker\/entry-point index\.runMigrations\|/);
  });

  test("outside Lambda and without the emulator, a message explains what this image is", async (t) => {
    const { code, stdout, stderr } = await entryPoint(t, {
      files: [version4],
      env: { AWS_LAMBDA_RUNTIME_API: "" },
      programs: ["node"],
    });
    assert.equal(code, 64);
    assert.equal(stdout, "");
    assert.match(stderr, /the image of a Lambda function.*hasura-migrate local/);
  });

  for (const [what, given, expected] of [
    [
      "no handler",
      { files: [version4], argv: [] },
      /the name of the handler is missing, such as index\.runMigrations/,
    ],
    [
      "no interface client",
      { files: ["index.mjs"] },
      /there is no runtime interface client in .*aws-lambda-ric/,
    ],
    [
      "no directory",
      { files: [version4], env: { FUNCTION_DIR: "/nowhere/at/all" } },
      /there is no directory \/nowhere\/at\/all/,
    ],
  ] as const) {
    test(`${what}: one message, and exit code 64`, async (t) => {
      const { code, stderr } = await entryPoint(t, given);
      assert.equal(code, 64);
      assert.match(stderr, expected);
      assert.equal(stderr.trim().split("\n").length, 1);
    });
  }

  test("keeps a NODE_EXTRA_CA_CERTS that is already set", async (t) => {
    const { stdout } = await entryPoint(t, {
      files: [version4],
      env: { NODE_EXTRA_CA_CERTS: "/tmp/own.pem" },
    });
    assert.match(stdout, /\|\/tmp\/own\.pem\n$/);
  });
});
