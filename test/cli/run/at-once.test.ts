import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "vitest";
import { main } from "../../../src/cli/main.ts";
import { keys } from "../../support/aws-keys.ts";
import { lambdaStandIn, streams } from "../../support/lambda-stand-in.ts";
import { finished, started } from "../../support/run-events.ts";
import { emptyDirectory, testContext } from "../../support/test-context.ts";

const withMfa = (profile: string): string =>
  `[profile ${profile}]\nrole_arn = arn:aws:iam::444455556666:role/migrate\nregion = eu-west-1\nmfa_serial = arn:aws:iam::1:mfa/alice\nsource_profile = base-${profile}\n[profile base-${profile}]\naws_access_key_id = AKIABASE\naws_secret_access_key = s\n`;

describe("in a terminal", () => {
  for (const argv of [["local"], ["status", "local"], ["local", "--serve"]])
    test(`${argv.join(" ")} shows at once that it starts the local environment`, async (t) => {
      const context = testContext(t, { argv, terminal: true });
      // No timer runs out in this test, and there is no project to start it for.
      assert.equal(await main(context), 2, context.err.text);
      assert.ok(context.err.text.includes("starting the local environment …"), context.err.text);
    });

  test("what is being waited for is shown at once, and still at the time of the request", async (t) => {
    let shown = "";
    const lambda = await lambdaStandIn(t, [
      (response, call) => {
        shown = context.err.text;
        return streams([started(), finished(0)])(response, call);
      },
    ]);
    const context = testContext(t, {
      argv: ["status", "dev-3"],
      terminal: true,
      env: { ...keys, AWS_ENDPOINT_URL_LAMBDA: lambda.url },
    });
    assert.equal(await main(context), 0);
    assert.match(shown, /getting credentials for dev-3 …/);
  });

  for (const argv of [
    ["status", "dev-3"],
    ["status", "dev-3", "dev-4"],
    ["doctor", "dev-3", "dev-4"],
  ])
    test(`${argv.join(" ")}: nothing is redrawn while a person types an MFA code`, async (t) => {
      const awsConfig = join(emptyDirectory(t), "aws-config");
      writeFileSync(awsConfig, `${withMfa("dev-3")}${withMfa("dev-4")}`);
      const context = testContext(t, { argv, terminal: true, env: { AWS_CONFIG_FILE: awsConfig } });
      const seen: { before: string; after: string }[] = [];
      const keyboard = {
        ...context.keyboard,
        isTTY: true,
        ask: async () => {
          const before = context.err.text;
          for (const ms of [100, 1000]) context.tick(ms);
          seen.push({ before, after: context.err.text });
          return "";
        },
      };
      assert.equal(await main({ ...context, keyboard }), 3, context.err.text);
      assert.equal(seen.length, argv.length - 1);
      for (const { before, after } of seen) {
        // What moved is erased, and the cursor is visible.
        assert.ok(before.endsWith("\u001b[2K\u001b[?25h"), JSON.stringify(before));
        assert.equal(after, before);
      }
    });
});

describe("elsewhere", () => {
  test("there is no message about something that starts immediately", async (t) => {
    const context = testContext(t, { argv: ["local"] });
    assert.equal(await main(context), 2, context.err.text);
    assert.doesNotMatch(context.err.text, /starting/);
  });
});
