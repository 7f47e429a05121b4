import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, test, type TestContext } from "vitest";
import { bundled } from "../support/bundle.ts";
import { scriptedHasura } from "../support/scripted-hasura.ts";
import { request } from "./support/request.ts";
import { secretStore } from "./support/secret-store.ts";
import { webhook } from "./support/webhook.ts";

const entry = await bundled(new URL("../../src/lambda/run-task.ts", import.meta.url));

/** Starts the entry of a task, as the image does. */
function startTask(t: TestContext, event: string, env: Record<string, string>) {
  const child = spawn(process.execPath, [entry, event], {
    env: { PATH: process.env.PATH, HASURA_MIGRATE_ENVIRONMENT: "dev-3", ...env },
    stdio: ["ignore", "pipe", "ignore"],
  });
  t.onTestFinished(() => void child.kill("SIGKILL"));
  const output = { text: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output.text += text));
  return { child, output, ended: once(child, "close") as Promise<[number | null, string | null]> };
}

/** Where a task finds the credentials of its role. */
async function roleCredentials(t: TestContext): Promise<string> {
  const server = createServer((_, response) =>
    response.setHeader("content-type", "application/json").end(
      JSON.stringify({
        AccessKeyId: "task-role",
        SecretAccessKey: "secret",
        Token: "token",
        Expiration: "2099-01-01T00:00:00Z",
      }),
    ),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v2/credentials`;
}

/** Answers every request with this. */
async function answering(t: TestContext, body: object): Promise<string> {
  const { url } = await scriptedHasura(t, () => ({ json: body }));
  return url;
}

describe("the process of a task", () => {
  for (const [what, options, link] of [
    [
      "links to its log",
      { "awslogs-group": "/ecs/hm-dev-3", "awslogs-region": "eu-west-1" },
      /<https:\/\/eu-west-1\.console\.aws\.amazon\.com\/.*log-group\/\$252Fecs\$252Fhm-dev-3\/.*\|log>/,
    ],
    ["has no link to a log of another region", { "awslogs-region": "us-east-1" }, undefined],
    ["has no link where the log is not in CloudWatch", {}, undefined],
  ] as const)
    test(`announces a failed run, and ${what}`, async (t) => {
      const hook = await webhook(t);
      const metadata = {
        ContainerARN: "arn:aws:ecs:eu-west-1:111122223333:container/c/0123/4567",
        LogOptions: options,
      };
      const { ended, output } = startTask(t, JSON.stringify(request("apply")), {
        HASURA_MIGRATE_ENDPOINT: await answering(t, { version: "v2.48.0" }),
        HASURA_MIGRATE_DIRECTORY: "migrations",
        HASURA_MIGRATE_NOTIFY_URL: hook.url,
        ECS_CONTAINER_METADATA_URI_V4: `${await answering(t, metadata)}/v4/0123-4567`,
      });
      await ended;
      const [text = ""] = hook.texts();
      assert.match(text, /apply FAILED/, output.text);
      if (link === undefined) assert.doesNotMatch(text, /\|log>/);
      else assert.match(text, link);
    });

  test("serves its request with the secret that the task's role may read, and ends with the exit code", async (t) => {
    const store = await secretStore(t, () => ({ json: { SecretString: "from the store" } }));
    const { url, asked } = await scriptedHasura(t, ({ path }) =>
      path === "/v1/version"
        ? { json: { version: "v2.48.0" } }
        : { status: 400, json: { error: "no", code: "unexpected", path: "$" } },
    );
    const { ended, output } = startTask(t, JSON.stringify(request("status")), {
      HASURA_MIGRATE_ENDPOINT: url,
      HASURA_MIGRATE_ADMIN_SECRET_ARN:
        "arn:aws:secretsmanager:eu-west-1:111122223333:secret:hasura-AbCdEf",
      HASURA_MIGRATE_DIRECTORY: "migrations",
      AWS_ENDPOINT_URL: store.url,
      AWS_REGION: "eu-west-1",
      AWS_CONTAINER_CREDENTIALS_FULL_URI: await roleCredentials(t),
    });
    const [code] = await ended;
    assert.equal(code, 4, output.text);
    const secrets = asked
      .filter(({ method }) => method === "POST")
      .map(({ headers }) => headers["x-hasura-admin-secret"]);
    assert.deepEqual([...new Set(secrets)], ["from the store"]);
    for (const line of output.text.trim().split("\n")) JSON.parse(line);
    assert.match(output.text, /"type":"run\.failed"/);
  });

  test("does not die of SIGTERM while it works", async (t) => {
    const task: { stop: () => void } = { stop: () => undefined };
    const { url } = await scriptedHasura(t, ({ path }) => {
      if (path === "/v1/version") return { json: { version: "v2.48.0" } };
      task.stop();
      return { status: 400, json: { error: "no", code: "unexpected", path: "$" } };
    });
    const { child, ended, output } = startTask(t, JSON.stringify(request("status")), {
      HASURA_MIGRATE_ENDPOINT: url,
      HASURA_MIGRATE_DIRECTORY: "migrations",
    });
    task.stop = () => void child.kill("SIGTERM");
    const [code, signal] = await ended;
    assert.deepEqual([code, signal], [4, null], output.text);
  });
});
