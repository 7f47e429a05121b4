import assert from "node:assert/strict";
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "vitest";
import { main } from "../../../src/cli/main.ts";
import { startLambdaService } from "../../../src/local/lambda-service/index.ts";
import type { TaggedFunction } from "../../../src/local/lambda-service/tagging.ts";
import { keys } from "../../support/aws-keys.ts";
import { httpStandIn } from "../../support/aws-stand-in.ts";
import { functions, runtimeClient } from "../../support/lambda-service.ts";
import { emptyDirectory, testContext } from "../../support/test-context.ts";

/** A local service with these functions. */
async function served(t: TestContext, tagged: readonly TaggedFunction[]): Promise<string> {
  const service = await startLambdaService({
    functionDirectory: functions,
    env: {},
    runtime: await runtimeClient(),
    tagged,
  });
  t.onTestFinished(() => service.stop());
  return service.url;
}

const nine: TaggedFunction[] = Array.from({ length: 9 }, (_, i) => ({
  name: `hasura-migrate-dev-${String(i + 1)}`,
  environment: `dev-${String(i + 1)}`,
}));

interface Setting {
  readonly argv?: readonly string[];
  readonly url: string;
  readonly profiles?: string;
  readonly env?: Record<string, string>;
  readonly home?: string;
  readonly columns?: number;
}

async function discovers(
  t: TestContext,
  { argv = [], url, profiles = "", env = {}, ...rest }: Setting,
) {
  const home = rest.home ?? emptyDirectory(t);
  mkdirSync(join(home, ".aws"), { recursive: true });
  writeFileSync(join(home, ".aws/config"), profiles);
  const context = testContext(t, {
    argv: ["envs", "--discover", ...argv],
    home,
    env: { AWS_ENDPOINT_URL_RESOURCE_GROUPS_TAGGING_API: url, ...env },
    ...(rest.columns !== undefined && { columns: rest.columns, terminal: true }),
  });
  const exit = await main(context);
  return {
    exit,
    out: context.out.text,
    err: context.err.text,
    home,
    slept: context.slept,
    asked: context.asked,
  };
}

const withKeys = (name: string, region = "eu-west-1"): string =>
  `[profile ${name}]\nregion = ${region}\naws_access_key_id = AKIA${name}\naws_secret_access_key = s\n`;

describe("envs --discover", () => {
  test("names what it waits for if that takes longer than a second", async (t) => {
    const url = await served(t, nine);
    const context = testContext(t, {
      argv: ["envs", "--discover"],
      env: { ...keys, AWS_ENDPOINT_URL_RESOURCE_GROUPS_TAGGING_API: url, AWS_REGION: "eu-west-1" },
    });
    const running = main(context);
    await context.waitsFor(1000, () => false);
    context.tick(1000);
    assert.equal(await running, 0);
    assert.equal(context.err.text, "looking for functions in 1 place …\n");
  });

  test("lists functions by their tag, numbers in order, without a configuration", async (t) => {
    const url = await served(t, [
      ...nine,
      { name: "hasura-migrate-dev-10", environment: "dev-10" },
    ]);
    const { exit, out } = await discovers(t, { url, env: { ...keys, AWS_REGION: "eu-west-1" } });
    assert.equal(exit, 0, out);
    const names = out
      .trimEnd()
      .split("\n")
      .map((line) => line.split(" ")[0]);
    assert.deepEqual(names, [
      ...["environment", ...nine.map(({ environment }) => environment), "dev-10"],
    ]);
    assert.match(
      out,
      /^environment {2}region {5}account {4}function\ndev-1 {8}eu-west-1 {2}0000…0000 {2}hasura-migrate-dev-1$/m,
    );
  });

  test("looks in every profile and region; a function that two profiles find is one line", async (t) => {
    const url = await served(t, [
      { name: "a", environment: "dev-1", region: "eu-west-1" },
      { name: "b", environment: "prod", region: "us-east-1" },
    ]);
    const profiles = withKeys("one") + withKeys("two", "us-east-1");
    const { exit, out } = await discovers(t, { url, profiles });
    assert.equal(exit, 0, out);
    assert.deepEqual(
      out
        .trimEnd()
        .split("\n")
        .map((line) => line.replace(/ {2,}/g, "  ")),
      [
        "environment  region  account  profiles  function",
        "dev-1  eu-west-1  0000…0000  one, two  a",
        "prod  us-east-1  0000…0000  one, two  b",
      ],
    );
  });

  test("reads more than one page", async (t) => {
    const many = Array.from({ length: 250 }, (_, i) => ({
      name: `f${String(i)}`,
      environment: `e${String(i)}`,
    }));
    const url = await served(t, many);
    const { out } = await discovers(t, { url, env: { ...keys, AWS_REGION: "eu-west-1" } });
    assert.equal(out.trimEnd().split("\n").length, 1 + 250);
  });

  test("shows two functions with one tag, and that the name means neither", async (t) => {
    const url = await served(t, [
      { name: "old", environment: "dev-1" },
      { name: "new", environment: "dev-1" },
    ]);
    const { out } = await discovers(t, { url, env: { ...keys, AWS_REGION: "eu-west-1" } });
    assert.match(out, /dev-1 .*new\ndev-1 .*old\n! dev-1 is the tag of 2 functions/);
  });

  test("an account without functions is said to be empty", async (t) => {
    const url = await served(t, []);
    const { exit, out } = await discovers(t, { url, env: { ...keys, AWS_REGION: "eu-west-1" } });
    assert.deepEqual([exit, out], [0, "No function has the tag hasura-migrate:environment.\n"]);
  });

  test("a profile without valid credentials is a line, and the others are searched", async (t) => {
    const url = await served(t, nine);
    const expired =
      "[profile expired]\nsso_session = acme\nsso_account_id = 1\nsso_role_name = r\n";
    const profiles = `${withKeys("good")}${expired}[sso-session acme]\nsso_region = eu-west-1\nsso_start_url = https://acme.awsapps.com/start\n`;
    const { exit, out } = await discovers(t, { url, profiles });
    assert.equal(exit, 0, out);
    assert.match(out, /^dev-9 /m);
    assert.match(out, /^✗ profile expired, eu-west-1: /m);
    const json = await discovers(t, {
      url,
      profiles,
      argv: ["--json", "--profile", "expired", "--region", "eu-west-1"],
    });
    assert.equal(json.exit, 3, json.out);
    assert.match(
      json.out,
      /^\{"type":"discovery.failed","profile":"expired","region":"eu-west-1","failure":/,
    );
  });

  test("asks nobody for an MFA code, also in a terminal", async (t) => {
    const url = await served(t, nine);
    const profiles = `${withKeys("base")}[profile mfa]\nrole_arn = arn:aws:iam::111122223333:role/r\nsource_profile = base\nmfa_serial = arn:aws:iam::111122223333:mfa/a\n`;
    const { out, asked } = await discovers(t, { url, profiles, columns: 120 });
    assert.match(out, /✗ profile mfa, eu-west-1: .*MFA/);
    assert.deepEqual(asked, []);
  });

  test("waits where AWS throttles, and gives up with a sentence", async (t) => {
    let calls = 0;
    const body = '{"__type":"ThrottledException","message":"Rate exceeded"}';
    const { url } = await httpStandIn(t, (_, response) => {
      calls += 1;
      response.writeHead(calls < 3 ? 400 : 200).end(calls < 3 ? body : "{}");
    });
    const env = { ...keys, AWS_REGION: "eu-west-1" };
    const recovered = await discovers(t, { url, env });
    assert.deepEqual([recovered.exit, recovered.slept.length], [0, 2]);
    calls = -10;
    const given = await discovers(t, { url, env });
    assert.equal(given.exit, 4);
    assert.match(
      given.out,
      /✗ eu-west-1: AWS refused to list functions in eu-west-1: ThrottledException\./,
    );
  });

  test("names the permission that is missing", async (t) => {
    const { url } = await httpStandIn(t, (_, response) => {
      response.writeHead(400).end('{"__type":"AccessDeniedException","Message":"no"}');
    });
    const text = await discovers(t, { url, env: { ...keys, AWS_REGION: "eu-west-1" } });
    assert.match(text.out, /\n {2}→ Allow the action tag:GetResources/);
    const argv = ["--json"];
    const { exit, out } = await discovers(t, {
      url,
      argv,
      env: { ...keys, AWS_REGION: "eu-west-1" },
    });
    assert.equal(exit, 3);
    assert.match(out, /"code":"discovery-denied".*tag:GetResources/);
  });

  test("uses an answer again for a minute, of the same user only", async (t) => {
    const { url, calls } = await httpStandIn(t, (_, response) => {
      response.writeHead(200).end("{}");
    });
    const env = { ...keys, AWS_REGION: "eu-west-1" };
    const { home } = await discovers(t, { url, env });
    await discovers(t, { url, env, home });
    assert.equal(calls.length, 1);
    await discovers(t, { url, env: { ...env, AWS_ACCESS_KEY_ID: "other" }, home });
    assert.equal(calls.length, 2);
    assert.equal(statSync(join(home, ".cache/hasura-migrate/discovery")).mode & 0o077, 0);
  });

  test("without a region says how to name one", async (t) => {
    const { exit, err } = await discovers(t, {
      url: "http://127.0.0.1:1",
      env: { ...keys, AWS_REGION: "" },
    });
    assert.equal(exit, 2);
    assert.match(err, /There is no AWS region to search/);
  });

  test("no line is wider than the terminal", async (t) => {
    const url = await served(t, nine);
    const env = { ...keys, AWS_REGION: "eu-west-1" };
    const { out } = await discovers(t, { url, env, columns: 40 });
    for (const line of out.split("\n")) assert.ok(line.length <= 40, line);
  });
});
