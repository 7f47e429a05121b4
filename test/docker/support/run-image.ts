import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { InvokeWithResponseStreamCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { RunEvent } from "../../../src/protocol/events.ts";
import {
  startContainerService,
  startOf,
  peakMemoryOf,
  type ContainerOptions,
  type ContainerService,
} from "./container-service.ts";

/*
 * What docker/build-check runs against an image that it built:
 *   run-image.ts apply IMAGE            a whole apply of the project in the image, and a second one that finds nothing
 *   run-image.ts start IMAGE [TIMES]    from the start of the container's process to the first event
 *   run-image.ts many IMAGE [COUNT]     memory and time of a run of many migrations
 */

const bin = fileURLToPath(new URL("../../../dist/bin.js", import.meta.url));

async function cli(
  service: ContainerService,
  argv: readonly string[],
): Promise<{ code: number | null; events: RunEvent[]; stderr: string }> {
  const env = {
    PATH: process.env["PATH"] ?? "",
    HOME: "/nonexistent",
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
    AWS_REGION: "eu-west-1",
  };
  const child = spawn(
    process.execPath,
    [bin, ...argv, "--json", "--endpoint-url", service.lambdaUrl],
    {
      env,
      cwd: tmpdir(),
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  const lines = stdout.split("\n").filter((line) => line !== "");
  return { code, stderr, events: lines.map((line) => RunEvent.parse(JSON.parse(line))) };
}

async function applied(
  service: ContainerService,
): Promise<{ count: number; tookMs: number; events: RunEvent[] }> {
  const startedAt = Date.now();
  const { code, events, stderr } = await cli(service, ["apply", "dev-1"]);
  assert.equal(
    code,
    0,
    `apply ended with ${String(code)}:\n${stderr}\n${JSON.stringify(events.at(-1))}\n${service.log()}`,
  );
  assert.equal(events.at(-1)?.type, "run.finished");
  return {
    count: events.filter(({ type }) => type === "migration.applied").length,
    tookMs: Date.now() - startedAt,
    events,
  };
}

async function apply(image: string): Promise<void> {
  const service = await startContainerService(image);
  try {
    const first = await applied(service);
    assert(first.count > 0, "the image has no migrations");
    const tables = await service.query(
      "SELECT count(*)::int AS count FROM pg_tables WHERE schemaname = 'public'",
    );
    const second = await applied(service);
    assert.equal(second.count, 0);
    const started = first.events.find(({ type }) => type === "run.started");
    console.log(
      `${String(first.count)} migrations in ${String(first.tookMs)} ms, the container's start among them; ${String(tables[0]?.["count"])} tables`,
    );
    console.log(`again: 0 migrations in ${String(second.tookMs)} ms`);
    if (started?.type === "run.started") console.log(`image: ${JSON.stringify(started.image)}`);
    assert(
      !service.log().includes("a-secret-for-the-image"),
      "the function wrote its admin secret",
    );
  } finally {
    await service.stop();
  }
  // As in Lambda: a user that does not exist in the image.
  console.log(
    `as user 993, which the image does not know: first event after ${String(Math.round(await coldStart(image, { user: "993:990" })))} ms`,
  );
}

/** One cold start: the time from the container's first process to the first event at the client. */
async function coldStart(image: string, options: ContainerOptions = {}): Promise<number> {
  const service = await startContainerService(image, options);
  const client = new LambdaClient({
    endpoint: service.lambdaUrl,
    region: "eu-west-1",
    credentials: { accessKeyId: "a", secretAccessKey: "b" },
    maxAttempts: 1,
  });
  try {
    const request = {
      contract: 1,
      runId: "0199a7c0-0000-7000-8000-000000000001",
      environment: "dev-1",
      actor: { user: "a", host: "b" },
      operation: "ping",
      options: {},
    };
    const answer = await client.send(
      new InvokeWithResponseStreamCommand({ FunctionName: "x", Payload: JSON.stringify(request) }),
    );
    for await (const part of answer.EventStream ?? []) {
      if (!part.PayloadChunk) continue;
      const at = Date.now();
      const id = await service.processId();
      assert(id !== undefined, `the container is gone:\n${service.log()}`);
      return at - startOf(id);
    }
    throw new Error(`no event came:\n${service.log()}`);
  } finally {
    client.destroy();
    await service.stop();
  }
}

async function start(image: string, times: number): Promise<void> {
  const taken: number[] = [];
  for (let time = 0; time < times; time++) taken.push(await coldStart(image));
  taken.sort((a, b) => a - b);
  const at = (place: number): string => String(Math.round(taken[place] ?? NaN));
  console.log(
    `${image}: median ${at(times >> 1)} ms of ${String(times)} (${at(0)} to ${at(times - 1)})`,
  );
}

async function many(image: string, count: number): Promise<void> {
  const project = mkdtempSync(join(tmpdir(), "hasura-migrate-many-"));
  chmodSync(project, 0o755); // the container's user is another one
  writeFileSync(join(project, "config.yaml"), "version: 3\n");
  for (let at = 0; at < count; at++) {
    const folder = join(
      project,
      "migrations/default",
      `${String(1_700_000_000_000 + at)}_t${String(at)}`,
    );
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, "up.sql"),
      `CREATE TABLE t${String(at)} (id bigint PRIMARY KEY, name text NOT NULL);\n`,
    );
    writeFileSync(join(folder, "down.sql"), `DROP TABLE t${String(at)};\n`);
  }
  const service = await startContainerService(image, { migrations: project });
  try {
    const { count: done, tookMs } = await applied(service);
    assert.equal(done, count);
    const id = await service.processId();
    const peak = id === undefined ? "unknown" : `${peakMemoryOf(id).toFixed(0)} MB`;
    console.log(
      `${String(done)} migrations in ${String(tookMs)} ms; the most memory the process had: ${peak} of 256`,
    );
  } finally {
    await service.stop();
    rmSync(project, { recursive: true, force: true });
  }
}

const [what, image = "", number] = process.argv.slice(2);
if (what === "apply") await apply(image);
else if (what === "start") await start(image, Number(number ?? 5));
else if (what === "many") await many(image, Number(number ?? 500));
else throw new Error("run-image.ts apply | start | many IMAGE");
