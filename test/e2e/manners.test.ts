import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { describe, test, type TestContext } from "vitest";
import stringWidth from "string-width";
import { bin, environmentOf } from "./support/cli.ts";
import { project, sample, serve } from "./support/environment.ts";

// eslint-disable-next-line no-control-regex -- what a terminal is told begins with this character
const control = /\u001b\[/;
const one = {
  "1700000000100_one": { up: "CREATE TABLE one (id integer);", down: "DROP TABLE one;" },
};

/** Why the tests that need a program cannot run, or nothing. */
function lacks(program: string): string | false {
  const found = (process.env["PATH"] ?? "").split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  return found ? false : `there is no program ${program} on the PATH`;
}

/** What a shell makes of a command line, in which $CLI is hasura-migrate. */
async function shell(
  t: TestContext,
  command: string,
  env: Record<string, string> = {},
): Promise<{ code: number; output: string }> {
  const child = spawn("bash", ["-o", "pipefail", "-c", command], {
    env: { ...(await environmentOf(t, env)), CLI: `${process.execPath} ${bin}` },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output += text));
  await once(child, "close");
  return { code: child.exitCode ?? -1, output };
}

describe("manners", () => {
  test("in a pipe there is no colour and no cursor code, even where FORCE_COLOR is not set", async (t) => {
    const { lambdaUrl } = await serve(t, await project(t, one));
    const { code, output } = await shell(t, `$CLI dev-1 --endpoint-url ${lambdaUrl} | cat`);
    assert.equal(code, 0, output);
    assert.match(output, /1700000000100 one applied/);
    assert.doesNotMatch(output, control);
  });

  test("a pipe that closes after one line does not fail the command", async (t) => {
    const { lambdaUrl } = await serve(t, sample);
    const { code, output } = await shell(
      t,
      `$CLI dev-1 --json --endpoint-url ${lambdaUrl} | head -n 1`,
    );
    assert.equal(code, 0, output);
    assert.match(output, /^\{.*\}\n$/);
  });

  test("in a terminal the lines are redrawn in place and have colours; NO_COLOR takes the colours away", async (t) => {
    const missing = lacks("script");
    if (missing !== false) t.skip(missing);

    const { lambdaUrl } = await serve(t, await project(t, one));
    const inTerminal = (argv: string) =>
      `script -qec "stty cols 60; $CLI ${argv} --endpoint-url ${lambdaUrl}" /dev/null`;
    const coloured = await shell(t, inTerminal("dev-1"), { TERM: "xterm-256color" });
    assert.equal(coloured.code, 0, coloured.output);
    assert.match(coloured.output, control);
    assert.match(coloured.output, /1700000000100/);
    const plain = await shell(t, inTerminal("status dev-1"), {
      TERM: "xterm-256color",
      NO_COLOR: "1",
    });
    assert.equal(plain.code, 0, plain.output);
    // eslint-disable-next-line no-control-regex -- the sequences that choose a colour
    assert.doesNotMatch(plain.output, /\u001b\[[0-9;]*m/);
  });

  test("no line is wider than a terminal of 60 columns", async (t) => {
    const missing = lacks("script");
    if (missing !== false) t.skip(missing);

    const { lambdaUrl } = await serve(t, sample);
    const command = `script -qec "stty cols 60; $CLI dev-1 --endpoint-url ${lambdaUrl}; $CLI status dev-1 --endpoint-url ${lambdaUrl}" /dev/null`;
    const { code, output } = await shell(t, command, { TERM: "xterm-256color" });
    assert.equal(code, 0, output);
    // eslint-disable-next-line no-control-regex -- control sequences take no columns
    const lines = output.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, "").split(/\r|\n/);
    assert.deepEqual(
      lines.filter((line) => stringWidth(line) > 60),
      [],
    );
  });

  test("there are no prompts in CI, even with a terminal", async (t) => {
    const missing = lacks("script");
    if (missing !== false) t.skip(missing);

    const { lambdaUrl } = await serve(t, await project(t, one));
    await shell(t, `$CLI dev-1 --endpoint-url ${lambdaUrl}`);
    const { code, output } = await shell(
      t,
      `script -qec "$CLI down dev-1 --endpoint-url ${lambdaUrl}" /dev/null`,
      {
        CI: "true",
        TERM: "xterm",
      },
    );
    assert.equal(code, 2, output);
    assert.match(output, /--yes/);
  });
});
