import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, test } from "vitest";
import * as z from "zod";
import { installedRic } from "../../support/aws-lambda-ric.ts";
import { bundled } from "../../support/bundle.ts";
import { untilGone } from "../../support/is-alive.ts";
import {
  functions,
  gate,
  invoke,
  runtimeClient,
  parseAnswer,
  serviceFor,
  stream,
} from "../../support/lambda-service.ts";

describe("processes", () => {
  test("stop ends idle and busy processes", async (t) => {
    const service = await serviceFor(t, "streaming");
    const idle = parseAnswer((await invoke(service.client, {}, { FunctionName: "idle" })).text).pid;
    const hold = await gate(t);
    let busy = 0;
    const cut = stream(
      service.client,
      { release: hold.url },
      (text) => (busy = parseAnswer(text).pid),
    ).catch(() => undefined);
    await hold.reached;
    await service.stop();
    await Promise.all([untilGone([idle]), cut]);
    if (busy) await untilGone([busy]);
  });

  test("one that goes on working after its response is not waited for: another serves the next call", async (t) => {
    const service = await serviceFor(t, "streaming");
    const hold = await gate(t);
    const first = await stream(service.client, { afterEnd: hold.url });
    await hold.reached;
    const second = await stream(service.client, {});
    const pids = [first, second].map(({ chunks }) => parseAnswer(chunks.join("")).pid);
    assert.notEqual(pids[0], pids[1]);
  });

  const serve = new URL("./serve.ts", import.meta.url);

  for (const spin of [false, true]) {
    test(`a killed service leaves no ${spin ? "busy" : "idle"} process behind`, async (t) => {
      const child = spawn(
        process.execPath,
        [await bundled(serve), functions, await runtimeClient()],
        {
          stdio: ["ignore", "pipe", "inherit"],
        },
      );
      t.onTestFinished(() => {
        child.kill("SIGKILL");
      });
      const [url] = (await once(createInterface(child.stdout), "line")) as [string];
      const hold = await gate(t);
      const post = (path: string, event: object) =>
        fetch(`${url}/2015-03-31/functions/${path}/invocations`, {
          method: "POST",
          body: JSON.stringify(event),
        });
      const { pid } = (await (await post("x", {})).json()) as { pid: number };
      const busy = spin ? post("x", { release: hold.url }).catch(() => undefined) : undefined;
      if (busy) await hold.reached;
      child.kill("SIGKILL");
      await untilGone([pid]);
      await busy;
    });
  }

  const aws = spawnSync("aws", ["--version"]);

  test("`aws lambda invoke` works", async (t) => {
    t.skip(aws.status !== 0, "there is no aws command on the PATH");

    const { url } = await serviceFor(t, "buffered");
    const directory = mkdtempSync(join(tmpdir(), "aws-lambda-invoke-"));
    t.onTestFinished(() => {
      rmSync(directory, { recursive: true, force: true });
    });
    const out = join(directory, "out.json");
    const version2 = /^aws-cli\/2/.test(aws.stdout.toString());
    const argv = [
      "lambda",
      "invoke",
      "--endpoint-url",
      url,
      "--function-name",
      "x",
      "--qualifier",
      "read",
      "--log-type",
      "Tail",
      "--payload",
      '{"log":"hi"}',
      out,
    ];
    if (version2) argv.push("--cli-binary-format", "raw-in-base64-out");
    const env = {
      PATH: process.env["PATH"],
      HOME: process.env["HOME"],
      AWS_ACCESS_KEY_ID: "a",
      AWS_SECRET_ACCESS_KEY: "b",
      AWS_DEFAULT_REGION: "eu-west-1",
    };
    const child = spawn("aws", argv, { env, stdio: ["ignore", "pipe", "inherit"] });
    let shown = "";
    child.stdout.on("data", (bytes: Buffer) => (shown += bytes.toString()));
    const [code] = (await once(child, "close")) as [number];
    assert.equal(code, 0);
    const answer = z
      .object({
        StatusCode: z.literal(200),
        ExecutedVersion: z.literal("$LATEST"),
        LogResult: z.string(),
      })
      .parse(JSON.parse(shown));
    assert.match(Buffer.from(answer.LogResult, "base64").toString(), /\nhi\n/);
    assert.equal(
      parseAnswer(readFileSync(out, "utf8")).arn,
      "arn:aws:lambda:eu-west-1:000000000000:function:x:read",
    );
  });

  const installed = installedRic();
  const noRic = "missing" in installed ? installed.missing : false;
  const ric = "missing" in installed ? "" : installed.entry;

  test("under aws-lambda-ric: streams, errors in trailers, crashes and warm processes are the same", async (t) => {
    if (noRic !== false) t.skip(noRic);

    const { client } = await serviceFor(t, "streaming", { runtime: ric });
    const hold = await gate(t);
    assert.deepEqual((await stream(client, { release: hold.url }, () => hold.open())).complete, {});
    const thrown = await stream(client, { throw: true });
    assert.equal(parseAnswer(thrown.complete?.ErrorDetails ?? "").errorType, "RangeError");
    // A second process may have been started for a request that came before the first was free again.
    assert.ok(parseAnswer((await stream(client, {})).chunks.join("")).calls >= 2);
    const seen = await gate(t);
    const crashed = await stream(client, { exit: 1, seen: seen.url }, () => seen.open());
    assert.match(parseAnswer(crashed.complete?.ErrorDetails ?? "").errorMessage, /exit status 1$/);
    const buffered = await serviceFor(t, "buffered", { runtime: ric });
    assert.equal(parseAnswer((await invoke(buffered.client, {})).text).calls, 1);
    assert.equal(
      parseAnswer((await invoke(buffered.client, { throw: true })).text).errorType,
      "RangeError",
    );
  });
});
