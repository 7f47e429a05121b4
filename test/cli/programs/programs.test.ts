import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "vitest";
import { programsOf } from "../../../src/cli/programs/programs.ts";
import { isAlive, untilGone } from "../../support/is-alive.ts";
import { emptyDirectory } from "../../support/test-context.ts";

describe("programs", () => {
  test("one that was started in the terminal ends with its children when this process is interrupted", async (t) => {
    const listed = join(emptyDirectory(t), "pids");
    const interrupted = new AbortController();
    const running = programsOf(process, interrupted.signal).runProgram("sh", [
      "-c",
      `sleep 300 & echo "$$ $!" > ${listed}; wait`,
    ]);
    while (!existsSync(listed) || readFileSync(listed, "utf8") === "")
      await new Promise((resolve) => setImmediate(resolve));
    const pids = readFileSync(listed, "utf8").trim().split(" ").map(Number);
    t.onTestFinished(() => {
      for (const pid of pids) if (isAlive(pid)) process.kill(pid, "SIGKILL");
    });
    interrupted.abort();
    assert.equal(await running, false);
    await untilGone(pids);
  });

  test("one that does not exist, or fails, is not a success", async () => {
    const { runProgram } = programsOf(process, new AbortController().signal);
    assert.equal(await runProgram("/nonexistent/program", []), false);
    assert.equal(await runProgram("sh", ["-c", "exit 3"]), false);
    assert.equal(await runProgram("sh", ["-c", "exit 0"]), true);
  });

  test("a shell's output is its result, and its failure has what it wrote to stderr", async () => {
    const { runShell } = programsOf(process, new AbortController().signal);
    const { signal } = new AbortController();
    assert.equal(await runShell("echo out; echo err >&2", signal), "out\n");
    await assert.rejects(runShell("echo err >&2; exit 1", signal), /Command failed.*\nerr/);
  });
});
