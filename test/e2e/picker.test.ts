import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { describe, test, type TestContext } from "vitest";
import { bin, environmentOf } from "./support/cli.ts";

const hasScript = (process.env["PATH"] ?? "")
  .split(delimiter)
  .some((path) => existsSync(join(path, "script")));

/** The screen of a pseudo-terminal in which the built command has run; `keys` are pressed once the list is shown. */
async function screenAfter(t: TestContext, keys: string): Promise<string> {
  const env = await environmentOf(t, { TERM: "xterm" });
  const home = env["HOME"] ?? "/";
  const endpointUrl = "http://127.0.0.1:1";
  writeFileSync(
    join(home, "hasura-migrate.json"),
    JSON.stringify({ environments: { "dev-1": { endpointUrl }, "dev-2": { endpointUrl } } }),
  );
  // What the terminal is like afterwards is part of the screen.
  const command = `"${process.execPath}" "${bin}" status; echo "code=$?"; stty -a; echo ended`;
  const child = spawn("script", ["-qfec", command, "/dev/null"], {
    cwd: home,
    env,
    stdio: ["pipe", "pipe", "ignore"],
  });
  let screen = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (screen += text));
  const closed = once(child, "close");
  while (!screen.includes("dev-2") && child.exitCode === null) await pause(10);
  child.stdin.write(keys);
  while (!screen.includes("ended\r\n") && child.exitCode === null) await pause(10);
  child.stdin.end();
  await closed;
  return screen;
}

const isAsBefore = (screen: string): void => {
  assert.match(screen, / icanon/);
  assert.match(screen, / echo /);
  assert.ok(screen.lastIndexOf("\u001b[?25h") > screen.lastIndexOf("\u001b[?25l"), screen);
};

describe.skipIf(!hasScript)("the list of environments in a real terminal", () => {
  test("an arrow key and Enter choose, and the terminal is as before", async (t) => {
    const screen = await screenAfter(t, "\u001b[B\r");
    assert.match(screen, /code=4/);
    assert.match(screen, /dev-2/);
    isAsBefore(screen);
  });

  test("Ctrl-C ends with exit code 130, and the terminal is as before", async (t) => {
    const screen = await screenAfter(t, "\u0003");
    assert.match(screen, /Interrupted; nothing was done\.[^]*code=130/);
    isAsBefore(screen);
  });

  test("Esc ends with exit code 2, and the terminal is as before", async (t) => {
    const screen = await screenAfter(t, "\u001b");
    assert.match(screen, /No environment was chosen[^]*code=2/);
    isAsBefore(screen);
  });
});
