import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { explainCredentials } from "../../../src/cli/connection/aws/credential-errors.ts";
import type { AmbientSource, Identity } from "../../../src/cli/connection/aws/choose-identity.ts";
import { Delivery } from "../../../src/cli/connection/aws/delivery.ts";
import type { SharedConfig } from "../../../src/cli/connection/aws/shared-config.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import { hintLines } from "../../support/hint-lines.ts";
import { awsError, systemError } from "./support/aws-errors.ts";

const ofProfile: Identity = { kind: "profile", profile: "dev" };
const ambient = (source: AmbientSource): Identity => ({ kind: "ambient", source });

/** AWS files with one profile, dev, and its settings. */
const filesWith = (section: Readonly<Record<string, string>> = {}): SharedConfig => ({
  configFilepath: "/home/ada/.aws/config",
  filepath: "/home/ada/.aws/credentials",
  profiles: ["dev"],
  profile: (name) => (name === "dev" ? section : undefined),
  headings: [],
  services: () => undefined,
});

async function explained(
  thrown: unknown,
  identity: Identity = ofProfile,
  settings?: Readonly<Record<string, string>>,
): Promise<Failure> {
  const circumstances = { delivery: new Delivery(), files: filesWith(settings), env: {} };
  return explainCredentials(thrown, identity, circumstances);
}

interface Expected {
  readonly code: string;
  readonly message: string;
  readonly hints: readonly string[];
}

async function assertExplained(
  thrown: unknown,
  { code, message, hints }: Expected,
  ...more: [identity?: Identity, settings?: Readonly<Record<string, string>>]
): Promise<void> {
  const failure = await explained(thrown, ...more);
  assert.equal(`${failure.kind}/${failure.code}`, code);
  assert.equal(failure.message, message);
  assert.deepEqual(hintLines(failure.hints), hints);
}

describe("a profile without credentials", () => {
  const sso = (got: string) => `x has invalid SSO credentials. Required parameters y. Got ${got}`;
  const configure = "aws configure sso --profile dev";
  const broken = "access/profile-broken";
  const providers: [text: string, expected: Expected][] = [
    [
      "Run aws sso login",
      {
        code: "access/sso-expired",
        message: 'The SSO login of profile "dev" is missing or has expired.',
        hints: ["aws sso login --profile dev"],
      },
    ],
    [
      "ForbiddenException: No access",
      {
        code: "access/sso-forbidden",
        message: 'SSO does not allow you to use the role of profile "dev".',
        hints: ["Ask for that role, or choose another profile with --profile."],
      },
    ],
    [
      "It lacks sso_region",
      {
        code: broken,
        message: 'Profile "dev" refers to an sso-session that is not in the AWS configuration.',
        hints: [configure],
      },
    ],
    [
      "Please run aws login",
      {
        code: "access/login-missing",
        message: 'You are not logged in with profile "dev".',
        hints: ["aws login --profile dev"],
      },
    ],
    [
      "Detected a cycle attempting to resolve",
      {
        code: broken,
        message: 'The role chain of profile "dev" is circular.',
        hints: [],
      },
    ],
    [
      "Command failed: false",
      {
        code: "access/credential-process",
        message: 'The credential_process of profile "dev" failed.',
        hints: ["Run that command directly to see why."],
      },
    ],
    [
      "Could not resolve credentials using profile: [dev]",
      {
        code: broken,
        message:
          'Profile "dev" has no credentials: neither keys, nor a role with a source, nor SSO.',
        hints: ["aws configure list --profile dev"],
      },
    ],
    [
      sso("sso_account_id, sso_start_url, sso_region"),
      {
        code: broken,
        message: 'Profile "dev" is set up for SSO but lacks sso_role_name.',
        hints: [configure],
      },
    ],
    [
      sso("sso_start_url, sso_region"),
      {
        code: broken,
        message: 'Profile "dev" is set up for SSO but lacks sso_account_id and sso_role_name.',
        hints: [configure],
      },
    ],
    [
      sso("sso_start_url"),
      {
        code: broken,
        message:
          'Profile "dev" is set up for SSO but lacks sso_account_id and sso_role_name and sso_region.',
        hints: [configure],
      },
    ],
    [
      sso("sso_account_id, sso_role_name, sso_region"),
      {
        code: broken,
        message: 'Profile "dev" is set up for SSO but lacks sso_start_url.',
        hints: [configure],
      },
    ],
    [
      sso("sso_account_id, sso_role_name, sso_start_url, sso_region"),
      {
        code: broken,
        message: 'The sso-session of profile "dev" lacks sso_start_url or sso_region.',
        hints: [configure],
      },
    ],
  ];
  for (const [text, expected] of providers)
    test(`because of "${text.slice(-60)}" is explained with the next command`, async () => {
      const thrown = new Error(text);
      await assertExplained(thrown, expected);
      assert.equal((await explained(thrown)).cause, thrown);
    });

  const identity = "aws sts get-caller-identity --profile dev";
  const renew = ["aws sso login --profile dev", "Otherwise, replace them with new ones."];
  const unknownKey: Expected = {
    code: "access/credentials-invalid",
    message: 'AWS does not recognise the access key of profile "dev".',
    hints: ["aws configure --profile dev"],
  };
  const badSignature: Expected = {
    code: "access/signature",
    message:
      'AWS rejected the signature of profile "dev": the secret key or this machine\'s clock is wrong.',
    hints: ["date -u"],
  };
  const expired: Expected = {
    code: "access/credentials-expired",
    message: 'The credentials of profile "dev" have expired.',
    hints: renew,
  };
  const refusedRole = (role: string): Expected => ({
    code: "access/role-refused",
    message: `AWS does not allow profile "dev" to assume ${role}.`,
    hints: ["Check the role's trust policy, the external id and the MFA code."],
  });
  const other = (name: string): Expected => ({
    code: "access/credentials",
    message: `No credentials could be obtained with profile "dev" (${name}).`,
    hints: [identity],
  });
  const ofSts: [name: string, text: string, expected: Expected][] = [
    ["AccessDenied", "not authorized on resource: arn:role", refusedRole("arn:role")],
    ["AccessDeniedException", "no", refusedRole("its role")],
    ["ExpiredToken", "x", expired],
    ["ExpiredTokenException", "x", expired],
    ["InvalidClientTokenId", "x", unknownKey],
    ["UnrecognizedClientException", "x", unknownKey],
    ["SignatureDoesNotMatch", "x", badSignature],
    ["RequestExpired", "x", badSignature],
    ["InvalidSignatureException", "x", badSignature],
    ["NotSignatureDoesNotMatch", "x", other("NotSignatureDoesNotMatch")],
    ["NotInvalidClientTokenId", "x", other("NotInvalidClientTokenId")],
    ["PackedPolicyTooLarge", "x", other("PackedPolicyTooLarge")],
  ];
  for (const [name, text, expected] of ofSts)
    test(`because STS answers ${name} is explained with the next command`, () =>
      assertExplained(awsError(name, text), expected));

  test("of the environment that has none names the variables", () =>
    assertExplained(
      Object.assign(new Error("Unable to find environment variable credentials."), {
        name: "CredentialsProviderError",
      }),
      {
        code: broken,
        message:
          'Profile "dev" takes its credentials from the environment (credential_source = Environment), which has none.',
        hints: [
          "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or choose another profile with --profile.",
        ],
      },
      ofProfile,
      { credential_source: "Environment" },
    ));

  test("of the environment whose role STS refuses is explained by that refusal", () =>
    assertExplained(
      awsError("AccessDenied", "no", { requestId: "r" }),
      refusedRole("its role"),
      ofProfile,
      { credential_source: "Environment" },
    ));

  for (const [source, where] of [
    ["Ec2InstanceMetadata", "on an EC2 instance"],
    ["EcsContainer", "in an ECS container"],
  ] as const) {
    test(`of ${source} on a machine that has none is no failure of the network`, () =>
      assertExplained(
        systemError("ECONNREFUSED"),
        {
          code: broken,
          message: `Profile "dev" takes its credentials from this machine (credential_source = ${source}), which has none.`,
          hints: [`That works only ${where}; choose another profile with --profile.`],
        },
        ofProfile,
        { credential_source: source },
      ));

    test(`of ${source} whose role STS refuses is explained by that refusal`, () =>
      assertExplained(
        awsError("AccessDenied", "no", { requestId: "r" }),
        refusedRole("its role"),
        ofProfile,
        { credential_source: source },
      ));
  }
});

describe("credentials without a profile", () => {
  const who = "aws sts get-caller-identity";
  const cases: [source: AmbientSource, thrown: Error, expected: Expected][] = [
    [
      "instance",
      systemError("ECONNREFUSED"),
      {
        code: "access/no-credentials",
        message:
          "No AWS credentials found: no profile, no environment variables, no role for this machine.",
        hints: [
          "aws configure sso",
          'Choose a profile with --profile, or "profile" in hasura-migrate.json.',
        ],
      },
    ],
    ...["ENOENT", "EACCES", "EISDIR"].map((code): (typeof cases)[number] => [
      "web-identity",
      systemError(code, "open"),
      {
        code: "usage/credentials",
        message: `The file in AWS_WEB_IDENTITY_TOKEN_FILE cannot be read (${code}); nothing was sent.`,
        hints: ["Does the job have the permission to get a token (id-token: write)?"],
      },
    ]),
    [
      "web-identity",
      awsError("InvalidIdentityToken"),
      {
        code: "access/credentials",
        message: "AWS did not accept the web identity (InvalidIdentityToken).",
        hints: [who],
      },
    ],
    [
      "environment",
      awsError("TypeError"),
      {
        code: "access/credentials",
        message: "The credentials of this environment could not be read (TypeError).",
        hints: [who],
      },
    ],
  ];
  for (const [source, thrown, expected] of cases)
    test(`from ${source}, which fails with ${thrown.message}, are explained`, () =>
      assertExplained(thrown, expected, ambient(source)));
});

describe("a service of credentials that cannot be reached", () => {
  const nothing = "it refuses connections; nothing was sent.";
  const cases: [identity: Identity, settings: Record<string, string>, message: string][] = [
    [ofProfile, {}, `Could not reach AWS for the credentials of profile "dev": ${nothing}`],
    [
      ofProfile,
      { credential_source: "Environment" },
      `Could not reach AWS for the credentials of profile "dev": ${nothing}`,
    ],
    [
      ambient("web-identity"),
      {},
      `Could not reach AWS for the credentials of this environment: ${nothing}`,
    ],
    [ambient("container"), {}, `Could not reach the container's credential service: ${nothing}`],
  ];
  for (const [identity, settings, message] of cases)
    test(`is named: ${message}`, () =>
      assertExplained(
        systemError("ECONNREFUSED"),
        {
          code: "unreachable/sts-unreachable",
          message,
          hints: ["Check the address, the network and HTTPS_PROXY."],
        },
        identity,
        settings,
      ));

  test("does not replace a failure that is already explained", async () => {
    const failure = new Failure("access", "mfa-needed", "A code is needed.");
    assert.equal(await explained(failure), failure);
  });
});
