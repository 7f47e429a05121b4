import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "vitest";
import { main } from "../../../src/cli/main.ts";
import { emptyDirectory, testContext } from "../../support/test-context.ts";

const mfa =
  "[profile dev-3]\nrole_arn = arn:aws:iam::444455556666:role/migrate\nsource_profile = base\nregion = eu-west-1\nmfa_serial = arn:aws:iam::1:mfa/alice\n[profile base]\naws_access_key_id = AKIABASE\naws_secret_access_key = s\n";

const questions: readonly {
  readonly what: string;
  readonly argv: readonly string[];
  readonly exit: number;
  readonly sentence: string;
}[] = [
  {
    what: "a confirmation",
    argv: ["down", "dev-3"],
    exit: 2,
    sentence: '"Roll back the last migration of dev-3?" needs an answer',
  },
  {
    what: "a protected environment's name",
    argv: ["prod"],
    exit: 2,
    sentence: "prod is protected",
  },
  {
    what: "an MFA code",
    argv: ["status", "dev-3"],
    exit: 3,
    sentence: 'Profile "dev-3" needs an MFA code from arn:aws:iam::1:mfa/alice',
  },
];

describe("where nobody can be asked", () => {
  for (const { what, argv, exit, sentence } of questions)
    for (const [where, options, why] of [
      ["without a terminal", { terminal: false }, "but there is no terminal to prompt in."],
      ["in CI", { terminal: true, CI: "true" }, "but there are no prompts in CI."],
    ] as const)
      test(`${what} ${where} is refused with the same words`, async (t) => {
        const cwd = emptyDirectory(t);
        const awsConfig = join(cwd, "aws-config");
        writeFileSync(awsConfig, mfa);
        writeFileSync(
          join(cwd, "hasura-migrate.json"),
          JSON.stringify({ environments: { "dev-3": {}, prod: { protected: true } } }),
        );
        const context = testContext(t, {
          argv,
          cwd,
          terminal: options.terminal,
          columns: 200,
          env: {
            AWS_CONFIG_FILE: awsConfig,
            ...("CI" in options && { CI: options.CI }),
          },
        });
        assert.equal(await main(context), exit, context.err.text);
        assert.ok(context.err.text.includes(`${sentence}, ${why}`), context.err.text);
        assert.deepEqual(context.asked, []);
      });

  test("an MFA code is asked for with --json too: no option can give it", async (t) => {
    const awsConfig = join(emptyDirectory(t), "aws-config");
    writeFileSync(awsConfig, mfa);
    const context = testContext(t, {
      argv: ["status", "dev-3", "--json"],
      terminal: true,
      types: [""],
      env: { AWS_CONFIG_FILE: awsConfig },
    });
    assert.equal(await main(context), 3, context.err.text);
    assert.deepEqual(context.asked, ["MFA code for arn:aws:iam::1:mfa/alice: "]);
    assert.match(
      context.out.text,
      /needs an MFA code from arn:aws:iam::1:mfa\/alice; none was entered\./,
    );
  });

  test("with --json, a confirmation is refused for that reason", async (t) => {
    const context = testContext(t, { argv: ["down", "dev-3", "--json"], terminal: true });
    assert.equal(await main(context), 2);
    assert.match(context.out.text, /needs an answer, but --json never prompts\./);
  });
});
