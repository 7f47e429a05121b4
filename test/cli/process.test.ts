import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { connect } from "node:net";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, test, type TestContext } from "vitest";
import { builtCli, runCli } from "../support/cli-process.ts";
import {
  beginStream,
  frame,
  lambdaStandIn,
  streams,
  type Call,
} from "../support/lambda-stand-in.ts";
import {
  applied,
  finished,
  item,
  linesInAnswerTo,
  migrationStarted,
  plan,
  started,
} from "../support/run-events.ts";
import { emptyDirectory } from "../support/test-context.ts";
import { keys } from "../support/aws-keys.ts";

const one = ["1700000000100", "one"] as const;
const two = ["1700000000200", "two"] as const;
const line = ({ body }: Call, event: object): Uint8Array =>
  frame("PayloadChunk", linesInAnswerTo(body, [event]));

function surroundings(t: TestContext, url: string): { cwd: string; env: Record<string, string> } {
  return {
    cwd: emptyDirectory(t),
    env: { ...keys, HOME: emptyDirectory(t), AWS_ENDPOINT_URL_LAMBDA: url },
  };
}

describe("process", () => {
  test("--version prints the version alone", async (t) => {
    const { code, stdout, stderr } = await runCli(["--version"], surroundings(t, ""));
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, /^\d+\.\d+\.\d+\S*\n$/);
  });

  test("--help lists what is built and nothing else", async (t) => {
    const { code, stdout } = await runCli(["--help"], surroundings(t, ""));
    assert.equal(code, 0);
    const commands = /Commands:\n([^]*?)\n\n/
      .exec(stdout)?.[1]
      ?.split("\n")
      .flatMap((row) => /^ {2}(\S+)/.exec(row)?.[1] ?? []);
    assert.deepEqual(commands, [
      "apply",
      "status",
      "plan",
      "down",
      "redo",
      "reset-to",
      "seed",
      "mark",
      "baseline",
      "cancel",
      "history",
      "locks",
      "sql",
      "metadata",
      "new",
      "lint",
      "verify",
      "squash",
      "local",
      "init",
      "envs",
      "doctor",
      "completion",
    ]);
  });

  for (const argv of [["dev-3"], ["dev-3", "--json"]]) {
    test(`a migration's line arrives while the next one is still running: ${argv.join(" ")}`, async (t) => {
      let goOn = (): void => undefined;
      const lambda = await lambdaStandIn(t, [
        async (response, call) => {
          beginStream(response);
          for (const event of [
            started(),
            plan([item(...one), item(...two)]),
            migrationStarted(...one),
            applied(...one),
            migrationStarted(...two),
          ])
            response.write(line(call, event));
          await new Promise<void>((resolve) => (goOn = resolve));
          for (const event of [applied(...two), finished(2)]) response.write(line(call, event));
          response.end(frame("InvokeComplete", "{}"));
        },
      ]);
      const { cwd, env } = surroundings(t, lambda.url);
      const child = spawn(process.execPath, [await builtCli(), ...argv], {
        cwd,
        env,
        stdio: ["ignore", "pipe", "ignore"],
      });
      t.onTestFinished(() => {
        child.kill();
      });
      let seen = "";
      const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
      await new Promise<void>((resolve) => {
        child.stdout.on("data", (data: Buffer) => {
          seen += data.toString();
          // Held until the line of the first one was read here: without streaming this would wait for ever.
          if (/1700000000100.*\n/.test(seen) && seen.includes("applied")) resolve();
        });
      });
      assert.doesNotMatch(seen, /1700000000200.*applied [0-9]|"migration.applied".*1700000000200/);
      goOn();
      assert.equal(await ended, 0);
      assert.match(seen, /1700000000200/);
    });
  }

  test("a reader that disconnects early (| head -1) ends only the output", async (t) => {
    const many = Array.from({ length: 3000 }, (_, i) => applied(String(1700000000000 + i), "x"));
    const lambda = await lambdaStandIn(t, [streams([started(), ...many, finished(3000)])]);
    const { cwd, env } = surroundings(t, lambda.url);
    const child = spawn(
      "/bin/sh",
      [
        "-c",
        `{ "$0" "$@"; echo "exit $?" >&2; } | head -1`,
        process.execPath,
        await builtCli(),
        "dev-3",
      ],
      {
        cwd,
        env: { ...env, PATH: process.env["PATH"] },
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (data: Buffer) => (stdout += data.toString()));
    child.stderr.on("data", (data: Buffer) => (stderr += data.toString()));
    await new Promise((resolve) => child.once("close", resolve));
    assert.equal(stdout.split("\n").length, 2);
    assert.match(stderr, /^exit 0$/m);
    assert.doesNotMatch(stderr, /EPIPE|Error/);
  });

  test("a long result is whole when the process ends", async (t) => {
    const sql = `select '${"x".repeat(60_000)}';`;
    const lambda = await lambdaStandIn(t, [
      streams([
        started(),
        ...Array.from({ length: 20 }, (_, i) => ({
          ...plan([item(String(1700000000000 + i), "x", { sql })]),
          ...(i < 19 && { more: true }),
        })),
        finished(0),
      ]),
    ]);
    const { stdout, code } = await runCli(["plan", "dev-3"], surroundings(t, lambda.url));
    assert.equal(code, 0);
    assert.equal(stdout.split(sql).length, 21);
  });

  test("SIGINT detaches with 130 and names the command to check on the run", async (t) => {
    const lambda = await lambdaStandIn(t, [
      (response, call) => {
        beginStream(response);
        for (const event of [started(), plan([item(...one)]), migrationStarted(...one)])
          response.write(line(call, event));
      },
    ]);
    const { cwd, env } = surroundings(t, lambda.url);
    const child = spawn(process.execPath, [await builtCli(), "dev-3"], {
      cwd,
      env,
      stdio: ["ignore", "ignore", "pipe"],
    });
    let stderr = "";
    child.stderr.on("data", (data: Buffer) => {
      stderr += data.toString();
      if (stderr.includes("one started")) child.kill("SIGINT");
    });
    assert.equal(await new Promise((resolve) => child.once("close", resolve)), 130);
    assert.match(stderr, /→ to check on it: hasura-migrate status dev-3/);
  });

  test("HTTPS_PROXY and NO_PROXY count", async (t) => {
    const through: string[] = [];
    const proxy = createServer().on("connect", (request, socket) => {
      through.push(request.url ?? "");
      const [host = "", port = ""] = (request.url ?? "").split(":");
      const on = connect(Number(port), host, () => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        on.pipe(socket).pipe(on);
      });
      socket.on("error", () => on.destroy());
      on.on("error", () => socket.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    t.onTestFinished(() => {
      proxy.closeAllConnections();
      proxy.close();
    });
    const run = streams([started(), finished(0)]);
    const lambda = await lambdaStandIn(t, [run, run]);
    const { cwd, env } = surroundings(t, lambda.url);
    const proxied = {
      ...env,
      HTTP_PROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    };
    assert.equal((await runCli(["status", "dev-3"], { cwd, env: proxied })).code, 0);
    assert.deepEqual(through, [new URL(lambda.url).host]);
    assert.equal(
      (await runCli(["status", "dev-3"], { cwd, env: { ...proxied, NO_PROXY: "127.0.0.1" } })).code,
      0,
    );
    assert.equal(through.length, 1);
  });

  test("a service on this machine needs no AWS account", async (t) => {
    const lambda = await lambdaStandIn(t, [streams([started(), finished(0)])]);
    const { code, stderr } = await runCli(["dev-3", "--endpoint-url", lambda.url], {
      cwd: emptyDirectory(t),
      env: { HOME: emptyDirectory(t) },
    });
    assert.equal(code, 0, stderr);
  });

  test("the secret key is never shown", async (t) => {
    const { stdout, stderr } = await runCli(
      ["dev-3", "--debug"],
      surroundings(t, "http://127.0.0.1:9"),
    );
    assert.doesNotMatch(stdout + stderr, /AWS_SECRET|[^_]secret[^_ ]/);
  });
});
