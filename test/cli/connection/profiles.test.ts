import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "vitest";
import { Failure } from "../../../src/protocol/failure.ts";
import { withSsoLogin } from "../../../src/cli/connection/aws/sso-login.ts";
import { main } from "../../../src/cli/main.ts";
import { readSharedConfig } from "../../../src/cli/connection/aws/shared-config.ts";
import { checkProfile } from "../../../src/cli/connection/aws/profile-problems.ts";
import { identityOf } from "../../../src/cli/connection/aws/choose-identity.ts";
import { emptyDirectory, testContext } from "../../support/test-context.ts";
import { keys } from "../../support/aws-keys.ts";

interface Files {
  readonly config?: string;
  readonly credentials?: string;
}

function homeWith({ config = "", credentials = "" }: Files, directory: string): string {
  mkdirSync(join(directory, ".aws"));
  writeFileSync(join(directory, ".aws/config"), config);
  writeFileSync(join(directory, ".aws/credentials"), credentials);
  return directory;
}

const role = "role_arn = arn:aws:iam::1:role/dev\n";

describe("what is wrong with a profile", () => {
  const cases: readonly (Files & { readonly name: string; readonly says: RegExp })[] = [
    {
      name: "a source_profile that does not exist, with the likely one",
      config: `\n[profile acme]\n${role}source_profile = bsae\n[profile base]\nregion = eu-west-1\n`,
      says: /^Profile "acme" in \S+\/\.aws\/config, line 2 refers to the source_profile "bsae", which does not exist\. Did you mean "base"\?$/,
    },
    {
      name: "a source_profile whose heading lacks a word",
      config: `[profile acme]\n${role}source_profile = base\n[base]\naws_access_key_id = A\n`,
      says: /config, line 4, write \[profile base\] instead of \[base\]\.$/,
    },
    {
      name: "half a key",
      config: "[profile acme]\naws_access_key_id = AKIA\n",
      says: /config, line 1 has aws_access_key_id but no aws_secret_access_key\.$/,
    },
    {
      name: "half a key of the source",
      config: `[profile acme]\n${role}source_profile = base\n`,
      credentials: "[base]\naws_secret_access_key = s\n",
      says: /Profile "base" in \S+credentials, line 1 has aws_secret_access_key but no aws_access_key_id\.$/,
    },
    {
      name: "keys with the SDK's names",
      credentials: "[acme]\naccessKeyId = AKIA\nsecretAccessKey = s\n",
      says: /credentials, line 1 has accesskeyid, which AWS tools ignore\.$/i,
    },
    {
      name: "a role without a source",
      config: `[profile acme]\n${role}`,
      says: /has a role_arn, but no source of credentials to assume it with\.$/,
    },
    {
      name: "two sources",
      config: `[profile acme]\n${role}source_profile = acme\ncredential_source = Environment\n`,
      says: /has both source_profile and credential_source/,
    },
    {
      name: "an unknown source",
      config: `[profile acme]\n${role}credential_source = Ec2\n`,
      says: /has the credential_source "Ec2"; it must be Environment, Ec2InstanceMetadata, EcsContainer\.$/,
    },
  ];
  for (const { name, says, ...files } of cases)
    test(name, async (t) => {
      const home = homeWith(files, emptyDirectory(t));
      const shared = await readSharedConfig(testContext(t, { argv: [], home }));
      assert.throws(() => checkProfile("acme", shared), { code: "profile-broken", message: says });
    });

  for (const config of [
    "[profile acme]\nregion = eu-west-1\naws_access_key_id = A\naws_secret_access_key = s\n",
    `[profile acme]\n${role}source_profile = base\n[profile base]\nsso_session = x\n`,
    `[profile acme]\n${role}web_identity_token_file = /t\n`,
    `[profile acme]\n${role}source_profile = acme\naws_access_key_id = A\naws_secret_access_key = s\n`,
    "[profile acme]\nlogin_session = x\n",
  ])
    test(`nothing: ${config.replaceAll("\n", " · ")}`, async (t) => {
      const home = homeWith({ config }, emptyDirectory(t));
      checkProfile("acme", await readSharedConfig(testContext(t, { argv: [], home })));
    });

  const headings: readonly (Files & { readonly says: RegExp })[] = [
    {
      config: "# mine\n[acme]\nregion = eu-west-1\n",
      says: /config, line 2, write \[profile acme\] instead of \[acme\]/,
    },
    {
      credentials: "[profile acme]\naws_access_key_id = A\n",
      says: /credentials, line 1, write \[acme\] instead of \[profile acme\]/,
    },
  ];
  for (const { says, ...files } of headings)
    test(`a heading that AWS tools do not accept: ${says.source}`, async (t) => {
      const context = testContext(t, {
        argv: ["dev-3", "--profile", "acme", "--region", "eu-west-1"],
        home: homeWith(files, emptyDirectory(t)),
      });
      assert.equal(await main(context), 3);
      assert.match(context.err.text, says);
    });
});

describe("credentials beside a profile", () => {
  const target = {
    environment: "dev-3",
    function: "f",
    protected: false,
    profile: { name: "dev-3", from: "convention" },
  } as const;
  const noticeOf = async (
    t: Parameters<typeof emptyDirectory>[0],
    env: Record<string, string>,
    names: string[],
  ) => {
    const config = names.map((name) => `[profile ${name}]\nregion = eu-west-1\n`).join("");
    const home = homeWith({ config }, emptyDirectory(t));
    const files = await readSharedConfig(testContext(t, { argv: [], home }));
    return identityOf(target, files, env).notice;
  };

  test("AWS_PROFILE alongside keys wins, with a notice", async (t) => {
    assert.equal(
      await noticeOf(t, { ...keys, AWS_PROFILE: "other" }, ["other"]),
      'Using AWS profile "other" from AWS_PROFILE; AWS_ACCESS_KEY_ID is ignored.',
    );
  });

  test("the environment's own profile wins over AWS_PROFILE, with a notice", async (t) => {
    assert.equal(
      await noticeOf(t, { AWS_PROFILE: "other" }, ["other", "dev-3"]),
      'Using AWS profile "dev-3", which has the environment\'s name; AWS_PROFILE=other is ignored.',
    );
  });

  test("there is no notice if nothing is ignored", async (t) => {
    assert.equal(await noticeOf(t, { AWS_PROFILE: "other" }, ["other"]), undefined);
  });

  test("half a key in the environment names what is empty", async (t) => {
    const context = testContext(t, {
      argv: ["dev-3"],
      env: { AWS_ACCESS_KEY_ID: "AKIA", AWS_SECRET_ACCESS_KEY: "", AWS_REGION: "eu-west-1" },
    });
    assert.equal(await main(context), 3);
    assert.match(
      context.err.text,
      /AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is empty\.[\s\S]*builds of forks/,
    );
  });
});

describe("an expired SSO login in a terminal", () => {
  const identity = { kind: "profile", profile: "dev-3" } as const;
  const expired = new Failure("access", "sso-expired", "The SSO login has expired.");
  /** Credentials that exist once a login succeeded. */
  const login = (
    t: Parameters<typeof emptyDirectory>[0],
    options: { readonly types: string[]; readonly succeeds?: boolean; readonly terminal?: boolean },
  ) => {
    let loggedIn = false;
    const context = testContext(t, {
      argv: [],
      terminal: options.terminal ?? true,
      types: options.types,
      runProgram: () => (loggedIn = options.succeeds ?? true),
    });
    const source = async () => {
      if (!loggedIn) throw expired;
      return "credentials";
    };
    return { context, got: withSsoLogin(source, identity, context) };
  };

  for (const typed of ["", "y", "Yes"])
    test(`"${typed}" logs in and continues`, async (t) => {
      const { context, got } = login(t, { types: [typed] });
      assert.equal(await got, "credentials");
      assert.deepEqual(context.programs, ["aws sso login --profile dev-3"]);
      assert.match(context.asked[0] ?? "", /Run aws sso login --profile dev-3 now\? \[Y\/n\] $/);
    });

  for (const [name, options, programs] of [
    ["declined", { types: ["n"] }, 0],
    ["the input ends", { types: [] }, 0],
    ["the login fails", { types: ["y"], succeeds: false }, 1],
    ["no terminal", { types: ["y"], terminal: false }, 0],
  ] as const)
    test(`${name}: the failure remains`, async (t) => {
      const { context, got } = login(t, { ...options, types: [...options.types] });
      await assert.rejects(got, expired);
      assert.equal(context.programs.length, programs);
    });

  test("another failure offers nothing", async (t) => {
    const context = testContext(t, { argv: [], terminal: true, types: ["y"] });
    const other = new Failure("access", "role-refused", "No.");
    await assert.rejects(
      withSsoLogin(() => Promise.reject(other), identity, context),
      other,
    );
    assert.deepEqual(context.asked, []);
  });
});
