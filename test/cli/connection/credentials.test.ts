import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "vitest";
import { runAtHome, signedBy, type Setting } from "../../support/aws-home.ts";
import { stsRefuses } from "../../support/aws-stand-in.ts";
import { emptyDirectory } from "../../support/test-context.ts";

describe("credentials", () => {
  test("static keys of the profile that is named like the environment, in the region of that profile", async (t) => {
    const { code, lambda, stderr } = await runAtHome(t, {
      awsConfig: "[profile dev-3]\nregion = eu-north-1\n[default]\nregion = us-west-2\n",
      credentials:
        "[dev-3]\naws_access_key_id = AKIADEV\naws_secret_access_key = s\n[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key = s\n",
      argv: ["dev-3"],
    });
    assert.equal(code, 0, stderr);
    assert.equal(signedBy(lambda.calls[0]), "AKIADEV eu-north-1");
    assert.match(
      stderr,
      /^dev-3 · eu-north-1 · as dev-3 · via 127\.0\.0\.1:\d+ \(from AWS_ENDPOINT_URL_LAMBDA\) · Hasura/m,
    );
  });

  const regions: readonly {
    name: string;
    argv: string[];
    config?: object;
    profile: string;
    env?: string;
    region: string;
  }[] = [
    {
      name: "the flag",
      argv: ["--region", "eu-west-1"],
      config: { region: "eu-west-2" },
      profile: "region = eu-west-3",
      env: "us-east-2",
      region: "eu-west-1",
    },
    {
      name: "then the configuration",
      argv: [],
      config: { region: "eu-west-2" },
      profile: "region = eu-west-3",
      env: "us-east-2",
      region: "eu-west-2",
    },
    {
      name: "then the profile",
      argv: [],
      profile: "region = eu-west-3",
      env: "us-east-2",
      region: "eu-west-3",
    },
    { name: "then the environment", argv: [], profile: "", env: "us-east-2", region: "us-east-2" },
  ];
  for (const { name, argv, config, profile, env, region } of regions) {
    test(`the region comes from ${name}`, async (t) => {
      const { code, lambda, stderr } = await runAtHome(t, {
        awsConfig: `[profile dev-3]\naws_access_key_id = AKIADEV\naws_secret_access_key = s\n${profile}\n`,
        ...(config && { config: { environments: { "dev-3": config } } }),
        argv: ["dev-3", ...argv],
        ...(env !== undefined && { env: { AWS_REGION: env } }),
      });
      assert.equal(code, 0, stderr);
      assert.equal(signedBy(lambda.calls[0]), `AKIADEV ${region}`);
    });
  }

  const role =
    "[profile dev-3]\nrole_arn = arn:aws:iam::444455556666:role/migrate\nsource_profile = base\nexternal_id = x-42\nregion = eu-west-1\n[profile base]\naws_access_key_id = AKIABASE\naws_secret_access_key = s\n";

  test("a role with source_profile and external id is assumed, and the account is named", async (t) => {
    const { code, sts, lambda, stderr } = await runAtHome(t, { awsConfig: role, argv: ["dev-3"] });
    assert.equal(code, 0, stderr);
    const asked = new URLSearchParams(sts[0]?.body);
    assert.deepEqual(
      [sts.length, asked.get("Action"), asked.get("RoleArn"), asked.get("ExternalId")],
      [1, "AssumeRole", "arn:aws:iam::444455556666:role/migrate", "x-42"],
    );
    assert.match(sts[0]?.authorization ?? "", /Credential=AKIABASE/);
    assert.equal(signedBy(lambda.calls[0]), "ASIAROLE eu-west-1");
    assert.match(stderr, /4444…6666 as dev-3/);
  });

  test("a role is assumed in the region of its profile, whatever the region of the function", async (t) => {
    const argv = ["dev-3", "--region", "eu-north-1"];
    const { code, sts, lambda, stderr } = await runAtHome(t, { awsConfig: role, argv });
    assert.equal(code, 0, stderr);
    assert.match(sts[0]?.authorization ?? "", /\/eu-west-1\/sts\//);
    assert.equal(signedBy(lambda.calls[0]), "ASIAROLE eu-north-1");
  });

  test("credential_process is run", async (t) => {
    const { code, lambda, stderr } = await runAtHome(t, {
      awsConfig: `[profile dev-3]\ncredential_process = echo '{"Version":1,"AccessKeyId":"AKIAPROC","SecretAccessKey":"s"}'\n`,
    });
    assert.equal(code, 0, stderr);
    assert.equal(signedBy(lambda.calls[0]), "AKIAPROC eu-west-1");
  });

  test("the web identity of a CI job is used if no profile of that name exists, with a notice", async (t) => {
    const token = join(emptyDirectory(t), "token");
    writeFileSync(token, "jwt");
    const { code, sts, lambda, stderr } = await runAtHome(t, {
      config: { environments: { "dev-3": { profile: "acme-dev" } } },
      env: {
        CI: "true",
        AWS_WEB_IDENTITY_TOKEN_FILE: token,
        AWS_ROLE_ARN: "arn:aws:iam::444455556666:role/ci",
      },
    });
    assert.equal(code, 0, stderr);
    assert.equal(new URLSearchParams(sts[0]?.body).get("Action"), "AssumeRoleWithWebIdentity");
    assert.equal(signedBy(lambda.calls[0]), "ASIAROLE eu-west-1");
    assert.match(
      stderr,
      /AWS profile "acme-dev" does not exist on this machine; using AWS_WEB_IDENTITY_TOKEN_FILE instead\./,
    );
  });

  interface Refusal extends Setting {
    readonly name: string;
    readonly exit?: number;
    readonly says: readonly RegExp[];
  }

  const sso =
    "[profile dev-3]\nsso_session = acme\nsso_account_id = 111122223333\nsso_role_name = dev\n[sso-session acme]\nsso_region = eu-west-1\nsso_start_url = https://acme.awsapps.com/start\n";
  const strangers = { AWS_ACCESS_KEY_ID: "AKIASTRANGER", AWS_SECRET_ACCESS_KEY: "s" };
  const refused = (code: string, message: string) => () => ({
    status: 403,
    body: stsRefuses(code, message),
  });

  const refusals: readonly Refusal[] = [
    {
      name: "a missing profile, with those that exist and the likely one",
      awsConfig:
        "[profile acme-dev]\nregion = eu-west-1\n[profile acme-prod]\nregion = eu-west-1\n",
      config: { environments: { "dev-3": { profile: "acme-dve" } } },
      says: [
        /AWS profile "acme-dve" does not exist\. Did you mean "acme-dev"\?/,
        /→ hasura-migrate dev-3 --region eu-west-1 --profile acme-dev$/m,
        /Profiles: acme-dev, acme-prod/,
      ],
    },
    {
      name: "a missing profile is not replaced by a stranger's keys",
      awsConfig: "[profile other]\nregion = eu-west-1\n",
      config: { environments: { "dev-3": { profile: "acme-dev" } } },
      env: strangers,
      says: [
        /AWS profile "acme-dev" does not exist\./,
        /→ to create it: aws configure sso --profile acme-dev$/m,
      ],
    },
    {
      name: "a profile that was named on the command line is never replaced, in CI neither",
      argv: ["dev-3", "--profile", "nope"],
      env: { ...strangers, CI: "true" },
      says: [/AWS profile "nope" does not exist\./],
    },
    {
      name: "AWS_PROFILE that does not exist is not replaced",
      awsConfig: "[profile other]\nregion = eu-west-1\n",
      env: { ...strangers, AWS_PROFILE: "nope" },
      says: [/AWS profile "nope" does not exist\./],
    },
    {
      name: "a profile that was named on the command line, also for a service on this machine",
      argv: ["dev-3", "--profile", "nope", "--endpoint-url", "http://127.0.0.1:1"],
      says: [/AWS profile "nope" does not exist\./],
    },
    {
      name: "a profile that gives nothing does not fall through to a stranger's keys",
      awsConfig: "[profile dev-3]\nregion = eu-west-1\n",
      env: strangers,
      says: [/Profile "dev-3" has no credentials/],
    },
    {
      name: "SSO without a login",
      awsConfig: sso,
      says: [
        /The SSO login of profile "dev-3" is missing or has expired\./,
        /→ aws sso login --profile dev-3/,
      ],
    },
    {
      name: "SSO expired",
      awsConfig: sso,
      ssoCache: {
        session: "acme",
        token: {
          accessToken: "x",
          expiresAt: "2020-01-01T00:00:00Z",
          startUrl: "https://acme.awsapps.com/start",
          region: "eu-west-1",
        },
      },
      says: [/→ aws sso login --profile dev-3/],
    },
    {
      name: "an sso-session that is nowhere",
      awsConfig: sso.split("[sso-session")[0] ?? "",
      says: [/refers to an sso-session that is not in the AWS configuration/],
    },
    {
      name: "an SSO profile without an account and a role",
      awsConfig: sso.replace(/sso_account_id.*\nsso_role_name.*\n/, ""),
      says: [
        /Profile "dev-3" is set up for SSO but lacks sso_account_id and sso_role_name\.$[\s\S]*→ aws configure sso --profile dev-3$/m,
      ],
    },
    {
      name: "an SSO profile without a role",
      awsConfig: sso.replace(/sso_role_name.*\n/, ""),
      says: [/Profile "dev-3" is set up for SSO but lacks sso_role_name\./],
    },
    {
      name: "an sso-session without its address",
      awsConfig: sso.replace(/sso_start_url.*\n/, ""),
      says: [/The sso-session of profile "dev-3" lacks sso_start_url or sso_region\./],
    },
    {
      name: "MFA with nobody to type it",
      awsConfig: role.replace("external_id = x-42", "mfa_serial = arn:aws:iam::1:mfa/alice"),
      says: [
        /needs an MFA code from arn:aws:iam::1:mfa\/alice, but there is no terminal to prompt in\./,
      ],
    },
    {
      name: "a role that may not be assumed",
      awsConfig: role,
      sts: refused(
        "AccessDenied",
        "User: arn:aws:iam::1:user/a is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::444455556666:role/migrate",
      ),
      says: [
        /AWS does not allow profile "dev-3" to assume arn:aws:iam::444455556666:role\/migrate\./,
      ],
    },
    {
      name: "keys that AWS does not know",
      awsConfig: role,
      sts: refused(
        "InvalidClientTokenId",
        "The security token included in the request is invalid.",
      ),
      says: [/AWS does not recognise the access key of profile "dev-3"/],
    },
    {
      name: "a wrong clock",
      awsConfig: role,
      sts: refused("SignatureDoesNotMatch", "Signature expired"),
      says: [/clock is wrong/, /→ compare the time: date -u/],
    },
    {
      name: "a credential_process that fails",
      awsConfig: "[profile dev-3]\ncredential_process = false\n",
      says: [/The credential_process of profile "dev-3" failed\./],
    },
    {
      name: "roles in a circle",
      awsConfig:
        "[profile dev-3]\nrole_arn = arn:aws:iam::1:role/a\nsource_profile = b\n[profile b]\nrole_arn = arn:aws:iam::1:role/b\nsource_profile = dev-3\n",
      says: [/role chain of profile ".*" is circular/],
    },
    {
      name: "no region anywhere",
      awsConfig: "[profile dev-3]\naws_access_key_id = A\naws_secret_access_key = s\n",
      argv: ["dev-3"],
      exit: 2,
      says: [/No AWS region for dev-3\./, /Set it with --region/],
    },
  ];

  for (const { name, exit = 3, says, ...setting } of refusals) {
    test(`${name}: exit ${exit}, and Lambda is not asked`, async (t) => {
      const { code, stderr, lambda, metadata } = await runAtHome(t, { ...setting, invokes: false });
      for (const pattern of says) assert.match(stderr, pattern);
      assert.equal(code, exit, stderr);
      assert.deepEqual(lambda.calls, []);
      assert.deepEqual(metadata, []);
      assert.doesNotMatch(stderr, /NodeVersionSupportWarning|\n\s+at /);
    });
  }

  test("no credentials at all: the metadata service is queried once, then exit 3", async (t) => {
    const { code, stderr, metadata } = await runAtHome(t, { invokes: false });
    assert.equal(code, 3);
    assert.match(
      stderr,
      /No AWS credentials found: no profile, no environment variables, no role for this machine\./,
    );
    assert.match(stderr, /→ aws configure sso/);
    assert.equal(metadata.length, 1);
  });
});
