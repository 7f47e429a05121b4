import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "vitest";
import { main } from "../../../src/cli/main.ts";
import { keys } from "../../support/aws-keys.ts";
import { lambdaStandIn, streams } from "../../support/lambda-stand-in.ts";
import { finished, started } from "../../support/run-events.ts";
import { emptyDirectory, testContext } from "../../support/test-context.ts";

const sso =
  "[profile dev-3]\nsso_session = acme\nsso_account_id = 111122223333\nsso_role_name = dev\n[sso-session acme]\nsso_region = eu-west-1\nsso_start_url = https://acme.awsapps.com/start\n";
const roleOf = (source: string): string =>
  `[profile dev-3]\nrole_arn = arn:aws:iam::444455556666:role/migrate\nsource_profile = machine\n[profile machine]\nrole_arn = arn:aws:iam::444455556666:role/base\ncredential_source = ${source}\n`;
const container = { AWS_CONTAINER_CREDENTIALS_FULL_URI: "http://127.0.0.1:1/x" };

function fileWith(t: TestContext, text: string): string {
  const file = join(emptyDirectory(t), "token");
  writeFileSync(file, text);
  return file;
}

/** Nothing listens at the address of the function, so exit 2 means that it was refused before. */
async function refusalOf(
  t: TestContext,
  awsConfig: string,
  env: Record<string, string>,
): Promise<string> {
  const home = emptyDirectory(t);
  mkdirSync(join(home, ".aws"));
  writeFileSync(join(home, ".aws/config"), awsConfig);
  const context = testContext(t, {
    argv: ["dev-3", "--region", "eu-west-1"],
    home,
    env: { AWS_ENDPOINT_URL_LAMBDA: "https://127.0.0.1:1", ...env },
  });
  assert.equal(await main(context), 2, context.err.text);
  return context.err.text;
}

interface Refused {
  readonly name: string;
  readonly awsConfig?: string;
  readonly env: (t: TestContext) => Record<string, string>;
  readonly says: RegExp;
}

const refused: readonly Refused[] = [
  ...["AWS_ENDPOINT_URL_SSO", "AWS_ENDPOINT_URL_SSO_OIDC", "AWS_ENDPOINT_URL_SIGNIN"].flatMap(
    (name) => [
      {
        name: `${name} without a scheme`,
        awsConfig: sso,
        env: () => ({ [name]: "example.com" }),
        says: new RegExp(
          `^✗ ${name}: must be a URL such as https://\\S+amazon\\S+\\. It is "example\\.com"\\.$`,
          "m",
        ),
      },
      {
        name: `${name} with another scheme, and a login`,
        awsConfig: sso,
        env: () => ({ [name]: "ftp://user:hidden@example.com" }),
        says: new RegExp(`^✗ ${name}: must be a URL such as https://\\S+\\.$`, "m"),
      },
    ],
  ),
  {
    name: "a container's address that is none",
    env: () => ({ AWS_CONTAINER_CREDENTIALS_FULL_URI: "localhost/x" }),
    says: /✗ AWS_CONTAINER_CREDENTIALS_FULL_URI: must be a URL such as http:\/\/169\.254\.170\.23/,
  },
  {
    name: "a container's address without TLS on another machine",
    env: () => ({ AWS_CONTAINER_CREDENTIALS_FULL_URI: "http://example.com/x" }),
    says: /✗ AWS_CONTAINER_CREDENTIALS_FULL_URI: must be https, because example\.com is neither this machine/,
  },
  {
    name: "a container's path that would change the host",
    env: () => ({ AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: ".example.com/x" }),
    says: /✗ AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: must be a path that begins with "\/"; nothing was sent\./,
  },
  {
    name: "the container of a role's source",
    awsConfig: roleOf("EcsContainer"),
    env: () => ({ AWS_CONTAINER_CREDENTIALS_FULL_URI: "garbage" }),
    says: /✗ AWS_CONTAINER_CREDENTIALS_FULL_URI: must be a URL/,
  },
  {
    name: "a container's token file that is missing",
    env: () => ({ ...container, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: "/nonexistent/token" }),
    says: /✗ The file in AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE cannot be read \(ENOENT\); nothing was sent\.\n {2}why .*\n {2}→ It is "\/nonexistent\/token"\./,
  },
  {
    name: "a container's token file that is a directory",
    env: (t) => ({ ...container, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: emptyDirectory(t) }),
    says: /✗ The file in AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE cannot be read \(EISDIR\)/,
  },
  {
    name: "a container's token file with a line end, without the token",
    env: (t) => ({
      ...container,
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: fileWith(t, "hidden\n"),
    }),
    says: /✗ The token in the file of AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE contains a line break\./,
  },
  {
    name: "a container's token with a line end, without the token",
    env: () => ({ ...container, AWS_CONTAINER_AUTHORIZATION_TOKEN: "hidden\r\n" }),
    says: /✗ The token of AWS_CONTAINER_AUTHORIZATION_TOKEN contains a line break\./,
  },
  {
    name: "a metadata service without a scheme",
    env: () => ({ AWS_EC2_METADATA_SERVICE_ENDPOINT: "169.254.169.254" }),
    says: /✗ AWS_EC2_METADATA_SERVICE_ENDPOINT: must be a URL such as http:\/\/169\.254\.169\.254\./,
  },
  {
    name: "the metadata service of a role's source",
    awsConfig: roleOf("Ec2InstanceMetadata"),
    env: () => ({ AWS_EC2_METADATA_SERVICE_ENDPOINT: "ftp://169.254.169.254" }),
    says: /✗ AWS_EC2_METADATA_SERVICE_ENDPOINT: must be a URL/,
  },
  {
    name: "a mode of the metadata service that does not exist",
    env: () => ({ AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: "ipv6" }),
    says: /✗ AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: must be IPv4 or IPv6; nothing was sent\./,
  },
  {
    name: "a web identity's token file of a profile that is missing",
    awsConfig:
      "[profile dev-3]\nrole_arn = arn:aws:iam::444455556666:role/ci\nweb_identity_token_file = /nonexistent/token\n",
    // The SDK reads the same file.
    env: () => ({}),
    says: /✗ The file in web_identity_token_file of profile "dev-3" cannot be read \(ENOENT\); nothing was sent\./,
  },
];

describe("variables that give credentials", () => {
  for (const { name, awsConfig = "", env, says } of refused)
    test(`${name}: the variable is named, exit 2`, async (t) => {
      const text = await refusalOf(t, awsConfig, env(t));
      assert.match(text, says);
      assert.doesNotMatch(text, /hidden/);
    });

  test("what is not read is not checked", async (t) => {
    const lambda = await lambdaStandIn(t, [streams([started(), finished(0)])]);
    const context = testContext(t, {
      argv: ["dev-3"],
      env: {
        ...keys,
        AWS_ENDPOINT_URL_LAMBDA: lambda.url,
        AWS_ENDPOINT_URL_SSO: "garbage",
        AWS_CONTAINER_CREDENTIALS_FULL_URI: "garbage",
        AWS_EC2_METADATA_SERVICE_ENDPOINT: "garbage",
      },
    });
    assert.equal(await main(context), 0, context.err.text);
  });
});
