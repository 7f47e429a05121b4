import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "vitest";
import { connect, connectTo } from "../../../src/cli/connection/aws/connect.ts";
import type { Connection } from "../../../src/cli/connection/connection.ts";
import type { Target } from "../../../src/cli/config/resolve-target.ts";
import { keys } from "../../support/aws-keys.ts";
import { assumes, httpStandIn, stsRefuses } from "../../support/aws-stand-in.ts";
import { signedBy } from "../../support/aws-home.ts";
import { hintLines } from "../../support/hint-lines.ts";
import { lambdaStandIn, streams } from "../../support/lambda-stand-in.ts";
import {
  emptyDirectory,
  testContext,
  type TestContextOptions,
} from "../../support/test-context.ts";
import { Failure } from "../../../src/protocol/failure.ts";

interface Given extends Omit<TestContextOptions, "argv"> {
  /** The AWS configuration file. */
  readonly config?: string;
  readonly target?: Partial<Target>;
}

function homeWith(t: TestContext, config: string): string {
  const home = emptyDirectory(t);
  mkdirSync(join(home, ".aws"));
  writeFileSync(join(home, ".aws/config"), config);
  return home;
}

/** Connects to the function of dev, whose profile is dev by convention, and sends nothing. */
async function connecting(t: TestContext, { config = "", target, ...options }: Given) {
  const context = testContext(t, { argv: [], home: homeWith(t, config), ...options });
  const notices: string[] = [];
  const connection = await connect(
    {
      ...{ environment: "dev", function: "migrate", protected: false },
      profile: { name: "dev", from: "convention" },
      ...target,
    },
    context,
    { notice: (text) => void notices.push(text) },
  );
  t.onTestFinished(() => connection.close());
  return { connection, context, notices, reached: connection.reached };
}

async function refusal(t: TestContext, given: Given): Promise<Failure> {
  const thrown = await connecting(t, given).then(
    () => assert.fail("it connects"),
    (error: unknown) => error,
  );
  assert(thrown instanceof Failure, String(thrown));
  return thrown;
}

async function invokeOnce(connection: Connection): Promise<void> {
  const received: Uint8Array[] = [];
  for await (const bytes of connection.invoke("{}", new AbortController().signal))
    received.push(bytes);
  assert.equal(Buffer.concat(received).toString(), "\n");
}

const profile = (settings: string) =>
  `[profile dev]\naws_access_key_id = AKIADEV\naws_secret_access_key = s\n${settings}\n`;
const inRegion = profile("region = eu-west-3");

describe("the region", () => {
  const env = { AWS_REGION: "us-east-2", AWS_DEFAULT_REGION: "us-west-1" };
  const first: [given: Given, region: string][] = [
    [{ config: inRegion, env, target: { region: "eu-west-1" } }, "eu-west-1"],
    [{ config: profile("region = x y"), target: { region: "eu-west-1" } }, "eu-west-1"],
    [{ config: inRegion, env }, "eu-west-3"],
    [{ config: profile(""), env }, "us-east-2"],
    [{ config: profile(""), env: { AWS_DEFAULT_REGION: "us-west-1" } }, "us-west-1"],
    [{ config: profile(""), env: { ...env, AWS_REGION: "" } }, "us-west-1"],
    [{ config: profile(""), target: { endpointUrl: "https://lambda.example" } }, "us-east-1"],
  ];
  for (const [given, region] of first)
    test(`is ${region}, the first that is set`, async (t) =>
      assert.equal((await connecting(t, given)).reached.region, region));

  const wrong: [given: Given, from: string][] = [
    [{ config: inRegion, target: { region: "x y" } }, "--region or the configuration of dev"],
    [{ config: profile("region = x y") }, 'profile "dev"'],
    [{ config: profile(""), env: { AWS_REGION: "x y" } }, "AWS_REGION"],
    [{ config: profile(""), env: { AWS_DEFAULT_REGION: "x y" } }, "AWS_DEFAULT_REGION"],
  ];
  for (const [given, from] of wrong)
    test(`that is none is refused with where it is from: ${from}`, async (t) => {
      const { code, message } = await refusal(t, given);
      assert.equal(code, "region-invalid");
      assert.equal(message, `"x y" is not an AWS region (${from}).`);
    });

  test("is needed", async (t) => {
    const { kind, code, message, hints } = await refusal(t, { config: profile("") });
    assert.deepEqual([kind, code], ["usage", "region-missing"]);
    assert.equal(message, "No AWS region for dev.");
    assert.deepEqual(hintLines(hints), [
      'Set it with --region, "region" in hasura-migrate.json, or the AWS profile.',
    ]);
  });
});

describe("the address of the service", () => {
  const services =
    "services = here\n[services here]\nlambda =\n  endpoint_url = https://services.example";
  const own = "endpoint_url = https://profile.example";
  const both = inRegion + `${own}\n${services}\n`;
  const specific = { AWS_ENDPOINT_URL_LAMBDA: "https://specific.example:8443" };
  const general = { AWS_ENDPOINT_URL: "https://general.example" };
  const ignored = { AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "true" };
  const first: [given: Given, host: string | undefined, from?: string][] = [
    [{ config: inRegion }, undefined],
    [
      { config: both, env: { ...specific, ...general } },
      "specific.example:8443",
      "AWS_ENDPOINT_URL_LAMBDA",
    ],
    [{ config: both, env: general }, "general.example", "AWS_ENDPOINT_URL"],
    [{ config: both }, "services.example", 'profile "dev": endpoint_url'],
    [{ config: inRegion + own }, "profile.example", 'profile "dev": endpoint_url'],
    [{ config: both, env: { ...specific, ...ignored } }, undefined],
    [
      { config: both, env: ignored, target: { endpointUrl: "https://flag.example" } },
      "flag.example",
      "--endpoint-url",
    ],
    [
      {
        config: inRegion,
        target: { endpointUrl: "https://file.example", endpointFrom: "/x/hasura-migrate.json" },
      },
      "file.example",
      "/x/hasura-migrate.json",
    ],
    [
      {
        config: inRegion,
        env: { AWS_ENDPOINT_URL: "https://vpce-1.lambda.eu-west-3.vpce.amazonaws.com" },
      },
      undefined,
    ],
    [{ config: inRegion, env: { AWS_ENDPOINT_URL: "https://x.amazonaws.com.cn" } }, undefined],
    [{ config: inRegion, env: { AWS_ENDPOINT_URL: "https://lambda.x.api.aws" } }, undefined],
    [
      { config: inRegion, env: { AWS_ENDPOINT_URL: "http://x.amazonaws.com" } },
      "x.amazonaws.com",
      "AWS_ENDPOINT_URL",
    ],
    [
      { config: inRegion, env: { AWS_ENDPOINT_URL: "https://x.amazonaws.com.example" } },
      "x.amazonaws.com.example",
      "AWS_ENDPOINT_URL",
    ],
  ];
  for (const [given, host, from] of first)
    test(`is ${host ?? "that of AWS, and not mentioned"}${from === undefined ? "" : `, from ${from}`}`, async (t) => {
      const { reached } = await connecting(t, given);
      assert.deepEqual(reached.endpoint, host === undefined ? undefined : { host, from });
    });

  for (const name of ["AWS_ENDPOINT_URL_LAMBDA", "AWS_ENDPOINT_URL_STS"])
    test(`that is none is refused, ${name} too`, async (t) => {
      const { code, message } = await refusal(t, { config: inRegion, env: { [name]: "nothing" } });
      assert.equal(code, "address-invalid");
      assert.match(message, new RegExp(`^${name}: `));
    });
});

describe("what was reached", () => {
  test("is the function with the profile, and the account if it is known", async (t) => {
    const { reached, notices } = await connecting(t, { config: inRegion });
    assert.deepEqual(reached, { region: "eu-west-3", function: "migrate", profile: "dev" });
    assert.deepEqual(notices, []);
    const env = { ...keys, AWS_REGION: "eu-west-1", AWS_ACCOUNT_ID: "111122223333" };
    const own = await connecting(t, { env });
    assert.deepEqual(own.reached, {
      region: "eu-west-1",
      function: "migrate",
      account: "111122223333",
    });
    assert.deepEqual(own.notices, ["Using the credentials from AWS_ACCESS_KEY_ID."]);
  });

  const arn = (account: string) => `arn:aws:lambda:eu-west-1:${account}:function:migrate`;
  for (const [account, differs] of [
    ["111122223333", false],
    ["444455556666", true],
  ] as const)
    test(`may be in ${differs ? "another" : "the same"} account, ${differs ? "which is announced" : "without a word"}`, async (t) => {
      const env = { ...keys, AWS_REGION: "eu-west-1", AWS_ACCOUNT_ID: "111122223333" };
      const { reached, notices } = await connecting(t, { env, target: { function: arn(account) } });
      assert.equal(reached.account, account);
      assert.deepEqual(
        notices.slice(1),
        differs
          ? [`The credentials belong to account 111122223333, but the function is in ${account}.`]
          : [],
      );
    });
});

const roleOf = (more = "") =>
  `[profile dev]\nrole_arn = arn:aws:iam::444455556666:role/migrate\nsource_profile = base\nregion = eu-west-1\n${more}\n[profile base]\naws_access_key_id = AKIABASE\naws_secret_access_key = s\n`;

describe("credentials", () => {
  const sts = (t: TestContext, expires = "2099-01-01T00:00:00Z") =>
    httpStandIn(t, (call, response) => {
      const action = new URLSearchParams(call.body).get("Action") ?? "";
      const body = assumes(action).replace("2099-01-01T00:00:00Z", expires);
      response.writeHead(200, { "content-type": "text/xml" }).end(body);
    });

  test("of a role are fetched once, and sign every invocation", async (t) => {
    const service = await sts(t);
    const lambda = await lambdaStandIn(t, [streams([]), streams([])]);
    const env = { AWS_ENDPOINT_URL_STS: service.url, AWS_ENDPOINT_URL_LAMBDA: lambda.url };
    const { connection, reached } = await connecting(t, { config: roleOf(), env });
    await invokeOnce(connection);
    await invokeOnce(connection);
    assert.deepEqual(lambda.calls.map(signedBy), ["ASIAROLE eu-west-1", "ASIAROLE eu-west-1"]);
    assert.deepEqual([service.calls.length, reached.account], [1, "444455556666"]);
    assert.match(service.calls[0]?.authorization ?? "", /Credential=AKIABASE/);
  });

  test("that expire within five minutes are fetched again", async (t) => {
    // The clock of the test stands at 12:04:11.
    for (const [expires, isRenewed] of [
      ["2026-11-24T12:09:11Z", true],
      ["2026-11-24T12:09:12Z", false],
    ] as const) {
      const service = await sts(t, expires);
      const lambda = await lambdaStandIn(t, [streams([])]);
      const env = { AWS_ENDPOINT_URL_STS: service.url, AWS_ENDPOINT_URL_LAMBDA: lambda.url };
      const { connection } = await connecting(t, { config: roleOf(), env });
      await invokeOnce(connection);
      assert.equal(service.calls.length > 1, isRenewed, expires);
    }
  });

  test("of a role with MFA ask for the code in a terminal", async (t) => {
    const service = await sts(t);
    const config = roleOf("mfa_serial = arn:mfa");
    const env = { AWS_ENDPOINT_URL_STS: service.url };
    const { context } = await connecting(t, { config, env, terminal: true, types: [" 123456 "] });
    assert.deepEqual(context.asked, ["MFA code for arn:mfa: "]);
    const asked = new URLSearchParams(service.calls[0]?.body);
    assert.deepEqual([asked.get("SerialNumber"), asked.get("TokenCode")], ["arn:mfa", "123456"]);
    for (const options of [
      { terminal: false },
      { terminal: true, types: [" "] },
      { terminal: true },
    ]) {
      const { kind, code, hints } = await refusal(t, { config, env, ...options });
      assert.deepEqual([kind, code], ["access", "mfa-needed"]);
      assert.deepEqual(hintLines(hints), ["Run this in a terminal, or use a profile without MFA."]);
    }
    assert.equal(service.calls.length, 1);
  });

  test("of a web identity are asked for with its token, role and session", async (t) => {
    const service = await sts(t);
    const token = join(emptyDirectory(t), "token");
    writeFileSync(token, "jwt");
    const { reached } = await connecting(t, {
      env: {
        AWS_REGION: "eu-west-1",
        AWS_ENDPOINT_URL_STS: service.url,
        AWS_WEB_IDENTITY_TOKEN_FILE: token,
        AWS_ROLE_ARN: "arn:aws:iam::444455556666:role/ci",
        AWS_ROLE_SESSION_NAME: "job-7",
      },
    });
    const asked = new URLSearchParams(service.calls[0]?.body);
    assert.deepEqual(
      ["Action", "RoleArn", "RoleSessionName", "WebIdentityToken"].map((name) => asked.get(name)),
      ["AssumeRoleWithWebIdentity", "arn:aws:iam::444455556666:role/ci", "job-7", "jwt"],
    );
    assert.equal("profile" in reached, false);
  });

  test("of a role that is refused are explained, and Lambda is not asked", async (t) => {
    const service = await httpStandIn(t, (_, response) =>
      response.writeHead(403).end(stsRefuses("AccessDenied", "no")),
    );
    const env = { AWS_ENDPOINT_URL_STS: service.url };
    const { code, message } = await refusal(t, { config: roleOf(), env });
    assert.equal(code, "role-refused");
    assert.match(message, /profile "dev"/);
  });

  test("of the environment are taken with their token", async (t) => {
    const lambda = await lambdaStandIn(t, [streams([])]);
    const { connection } = await connecting(t, {
      env: {
        ...keys,
        AWS_SESSION_TOKEN: "token-1",
        AWS_REGION: "eu-west-1",
        AWS_ENDPOINT_URL_LAMBDA: lambda.url,
      },
    });
    await invokeOnce(connection);
    assert.equal(lambda.calls[0]?.headers["x-amz-security-token"], "token-1");
    assert.equal(signedBy(lambda.calls[0]), `${keys.AWS_ACCESS_KEY_ID} eu-west-1`);
  });

  test("that no header can carry are refused with whose they are", async (t) => {
    const env = { ...keys, AWS_SECRET_ACCESS_KEY: "s\n", AWS_REGION: "eu-west-1" };
    const { code, message } = await refusal(t, { env });
    assert.equal(code, "credentials-malformed");
    assert.match(message, /of this environment \(AWS_ACCESS_KEY_ID\)/);
  });

  test("of a service on this machine are dummies, or the key that it keeps for this user", async (t) => {
    const lambda = await lambdaStandIn(t, [streams([]), streams([])]);
    const target = { endpointUrl: lambda.url, region: "eu-west-1" };
    await invokeOnce((await connecting(t, { target })).connection);
    const key = "local-0123456789abcdef";
    const env = { AWS_ACCESS_KEY_ID: key };
    await invokeOnce((await connecting(t, { target, env })).connection);
    assert.deepEqual(lambda.calls.map(signedBy), ["none eu-west-1", `${key} eu-west-1`]);
  });
});

describe("a connection to the embedded environment", () => {
  test("signs with its key, and stops it when it is closed", async (t) => {
    const lambda = await lambdaStandIn(t, [streams([])]);
    let stops = 0;
    const local = {
      endpointUrl: lambda.url,
      accessKeyId: "local-01",
      functionName: "hasura-migrate-local",
      stop: async () => void (stops += 1),
    };
    const connection = connectTo(local, testContext(t, { argv: [] }), () => undefined);
    assert.deepEqual(connection.reached, { region: "", function: "hasura-migrate-local" });
    await invokeOnce(connection);
    assert.equal(signedBy(lambda.calls[0]), "local-01 us-east-1");
    assert.deepEqual([lambda.calls[0]?.function, stops], ["hasura-migrate-local", 0]);
    await connection.close();
    assert.equal(stops, 1);
  });
});
