import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "vitest";
import { main } from "../../../src/cli/main.ts";
import { acceptRequest } from "../../../src/lambda/accept-request.ts";
import { readSettings } from "../../../src/lambda/settings.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import { operationNames, operations, type Operation } from "../../../src/protocol/operations.ts";
import { lambdaStandIn, streams } from "../../support/lambda-stand-in.ts";
import { finished, started } from "../../support/run-events.ts";
import { emptyDirectory, testContext } from "../../support/test-context.ts";

/*
 * For every operation that changes something, with a bare `--yes` and with `--yes=NAME`: the prompts, the request, and whether the
 * function refuses it.
 */

/** A command for each, without environment and confirmation. */
const commands: Readonly<Partial<Record<Operation, (environment: string) => string[]>>> = {
  apply: (environment) => [environment],
  down: (environment) => ["down", environment],
  redo: (environment) => ["redo", environment],
  "reset-to": (environment) => ["reset-to", environment],
  mark: (environment) => ["mark", environment, "1700000000100", "--applied"],
  seed: (environment) => ["seed", environment],
  "metadata-apply": (environment) => ["metadata", "apply", environment],
  "metadata-restore": (environment) => ["metadata", "restore", environment],
  "metadata-reload": (environment) => [
    ...["metadata", "reload", environment, "--recreate-event-triggers"],
  ],
};

const changing = operationNames.filter((name) => operations[name].changes !== "never");

interface Sent {
  readonly operation: string;
  readonly options: { readonly confirm?: string; readonly yes?: boolean };
}

/** Runs a command at a terminal where nobody answers, and resolves to what was sent. */
async function run(t: TestContext, argv: readonly string[]) {
  const lambda = await lambdaStandIn(t, [streams([started(), finished(0)])]);
  const cwd = emptyDirectory(t);
  const environments = { dev: {}, prod: { protected: true } };
  writeFileSync(join(cwd, "hasura-migrate.json"), JSON.stringify({ environments }));
  const context = testContext(t, {
    ...{ argv: [...argv], cwd, terminal: true },
    env: {
      ...{ AWS_ACCESS_KEY_ID: "AKIA", AWS_SECRET_ACCESS_KEY: "secret", AWS_REGION: "eu-west-1" },
      ...{ CI: "", NO_COLOR: "1", AWS_ENDPOINT_URL_LAMBDA: lambda.url },
    },
  });
  const exit = await main(context);
  const sent = lambda.calls.map(({ body }) => JSON.parse(body) as Sent);
  return { exit, sent, asked: context.asked, text: context.err.text };
}

/** How a function receives what was sent: the code of its refusal, or `accepted`. */
function received(request: Sent | undefined, isProtected: boolean): string {
  const settings = readSettings({
    HASURA_MIGRATE_ENVIRONMENT: "*",
    HASURA_MIGRATE_ENDPOINT: "http://hasura:8080",
  });
  const arn = "arn:aws:lambda:eu-west-1:111122223333:function:hasura-migrate";
  try {
    acceptRequest(request, { ...settings, protected: isProtected }, arn);
    return "accepted";
  } catch (error) {
    assert.ok(error instanceof Failure);
    return error.code;
  }
}

describe("a confirmation on the command line", () => {
  for (const operation of changing) {
    const command = (environment: string): string[] => {
      const words = commands[operation]?.(environment);
      assert.ok(words, `no command for ${operation}`);
      return words;
    };

    describe(`of ${operation}`, () => {
      test("a bare --yes does not prompt, and is enough only if neither the configuration nor the function protects the environment", async (t) => {
        const { exit, asked, sent, text } = await run(t, [...command("dev"), "--yes"]);
        assert.deepEqual([exit, asked], [0, []], text);
        assert.deepEqual(
          sent.map(({ operation: name, options: { confirm, yes } }) => [name, confirm, yes]),
          // Only apply has a use for it: it confirms a loss of data.
          [[operation, undefined, operation === "apply" ? true : undefined]],
        );
        assert.equal(received(sent[0], false), "accepted");
        assert.equal(received(sent[0], true), "protected");
      });

      test("a bare --yes is refused before anything is sent if the configuration protects the environment", async (t) => {
        const { exit, asked, sent, text } = await run(t, [...command("prod"), "--yes"]);
        assert.deepEqual([exit, asked, sent], [2, [], []]);
        assert.match(text, /prod is protected: --yes alone is not enough/);
      });

      test("--yes=NAME sends the name, which protected and unprotected functions accept", async (t) => {
        for (const environment of ["dev", "prod"]) {
          const { exit, asked, sent, text } = await run(t, [
            ...command(environment),
            `--yes=${environment}`,
          ]);
          assert.deepEqual([exit, asked], [0, []], text);
          assert.deepEqual(
            sent.map(({ options: { confirm, yes } }) => [confirm, yes]),
            [[environment, undefined]],
          );
          for (const isProtected of [true, false])
            assert.equal(received(sent[0], isProtected), "accepted");
        }
      });
    });
  }
});
