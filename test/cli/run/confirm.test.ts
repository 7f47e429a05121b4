import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "vitest";
import { main } from "../../../src/cli/main.ts";
import { lambdaStandIn, streams } from "../../support/lambda-stand-in.ts";
import { finished, started } from "../../support/run-events.ts";
import { emptyDirectory, testContext } from "../../support/test-context.ts";

const keys = {
  AWS_ACCESS_KEY_ID: "AKIA",
  AWS_SECRET_ACCESS_KEY: "secret",
  AWS_REGION: "eu-west-1",
  CI: "",
};

interface Case {
  readonly name: string;
  readonly argv: readonly string[];
  readonly terminal?: boolean;
  /** False where stderr alone is not a terminal. */
  readonly errTerminal?: boolean;
  readonly types?: readonly string[];
  readonly exit: number;
  readonly asked?: readonly string[];
  readonly says?: RegExp;
  /** Sent with the request; absent when nothing may have been sent. */
  readonly confirm?: string | null;
}

const cases: readonly Case[] = [
  {
    name: "apply to a plain environment asks nothing",
    argv: ["dev-1"],
    terminal: true,
    exit: 0,
    asked: [],
    confirm: null,
  },
  {
    name: "down asks y/N",
    argv: ["down", "dev-1", "2"],
    terminal: true,
    types: ["y"],
    exit: 0,
    asked: ["Roll back the last 2 migrations of dev-1? [y/N] "],
    confirm: null,
  },
  {
    name: "down takes an empty answer for a no",
    argv: ["down", "dev-1"],
    terminal: true,
    types: [""],
    exit: 130,
    asked: ["Roll back the last migration of dev-1? [y/N] "],
    says: /Nothing was changed/,
  },
  {
    name: "down without a terminal names the flag",
    argv: ["down", "dev-1"],
    exit: 2,
    asked: [],
    says: /^ {2}→ hasura-migrate down dev-1 --yes$/m,
  },
  {
    name: "down of the embedded environment asks like any other",
    argv: ["down", "local"],
    terminal: true,
    types: ["n"],
    exit: 130,
    asked: ["Roll back the last migration of local? [y/N] "],
  },
  {
    name: "down of the embedded environment without a terminal is refused",
    argv: ["down", "local", "2"],
    exit: 2,
    asked: [],
    says: /Cannot prompt without an interactive terminal: "Roll back the last 2 migrations of local\?"\n {2}→ hasura-migrate down local 2 --yes\n/,
  },
  {
    name: "redo in a database of one's own asks, also as local",
    argv: ["redo", "local", "--database-url", "postgres://me:pass@127.0.0.1/mine"],
    exit: 2,
    asked: [],
    says: /→ hasura-migrate redo local --database-url postgres:\/\/me:PASSWORD@127\.0\.0\.1\/mine --yes\n/,
  },
  {
    name: "a question that would go to a file is not asked",
    argv: ["down", "dev-1"],
    terminal: true,
    errTerminal: false,
    types: ["y"],
    exit: 2,
    asked: [],
    says: /Cannot prompt without an interactive terminal/,
  },
  {
    name: "down --yes does not ask",
    argv: ["down", "dev-1", "--yes"],
    exit: 0,
    asked: [],
    confirm: null,
  },
  {
    name: "down --dry-run does not ask",
    argv: ["down", "dev-1", "--dry-run"],
    exit: 0,
    asked: [],
    confirm: null,
  },
  {
    name: "a protected environment wants its name typed",
    argv: ["prod"],
    terminal: true,
    types: ["prod"],
    exit: 0,
    asked: ["Type prod to continue: "],
    confirm: "prod",
  },
  {
    name: "a wrong name changes nothing",
    argv: ["prod"],
    terminal: true,
    types: ["y"],
    exit: 130,
    asked: ["Type prod to continue: "],
    says: /Nothing was changed/,
  },
  {
    name: "protected without a terminal names the flag",
    argv: ["prod"],
    exit: 2,
    asked: [],
    says: /^ {2}→ hasura-migrate prod --yes=prod$/m,
  },
  {
    name: "a bare --yes is refused where protected",
    argv: ["prod", "--yes"],
    terminal: true,
    exit: 2,
    asked: [],
    says: /--yes is not enough; pass the environment's name with it\.\n {2}→ hasura-migrate prod --yes=prod\n/,
  },
  {
    name: "--yes=NAME is enough, and is sent along",
    argv: ["prod", "--yes=prod"],
    exit: 0,
    asked: [],
    confirm: "prod",
  },
  {
    name: "a line copied from another environment is refused",
    argv: ["prod", "--yes=staging"],
    exit: 2,
    asked: [],
    says: /--yes=staging does not match the environment prod\./,
  },
  {
    name: "with --json nobody is asked",
    argv: ["prod", "--json"],
    terminal: true,
    exit: 2,
    asked: [],
  },
  {
    name: "reading a protected environment asks nothing",
    argv: ["plan", "prod"],
    exit: 0,
    asked: [],
    confirm: null,
  },
];

describe("confirm", () => {
  for (const example of cases) {
    test(example.name, async (t) => {
      const lambda = await lambdaStandIn(
        t,
        example.confirm === undefined ? [] : [streams([started(), finished(0)])],
      );
      const context = testContext(t, {
        argv: example.argv,
        cwd: project(t),
        ...(example.terminal !== undefined && { terminal: example.terminal }),
        ...(example.types && { types: example.types }),
        env: { ...keys, AWS_ENDPOINT_URL_LAMBDA: lambda.url },
      });
      const { errTerminal = context.err.isTTY } = example;
      Object.assign(context.err, { isTTY: errTerminal });
      assert.equal(await main(context), example.exit, context.err.text);
      if (example.asked) assert.deepEqual(context.asked, example.asked);
      if (example.says) assert.match(context.err.text, example.says);
      // Refusals come before any call of AWS.
      assert.equal(lambda.calls.length, example.confirm === undefined ? 0 : 1);
      const [call] = lambda.calls;
      if (call)
        assert.equal(
          (JSON.parse(call.body) as { options: { confirm?: string } }).options.confirm ?? null,
          example.confirm,
        );
    });
  }
});

function project(t: TestContext): string {
  const directory = emptyDirectory(t);
  writeFileSync(
    join(directory, "hasura-migrate.json"),
    JSON.stringify({ environments: { "dev-1": {}, prod: { protected: true } } }),
  );
  return directory;
}
