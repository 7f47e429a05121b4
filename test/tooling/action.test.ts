import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "vitest";
import { compositeAction, type ActionStep } from "./support/actions.ts";
import { read } from "./support/repository.ts";
import { runStep } from "./support/run-step.ts";

const { steps } = compositeAction.runs;
function stepWhere(matches: (step: ActionStep) => boolean): ActionStep {
  const found = steps.find(matches);
  assert.ok(found);
  return found;
}
const deployStep = stepWhere(({ id }) => id === "deploy");
const runStepOfAction = stepWhere(({ name }) => name === "Run");

/** A value that does harm wherever a shell reads it as code, or splits it. */
const hostile = "a b\"'; touch pwned; $(touch pwned) `touch pwned` * \\";

describe("the step that runs hasura-migrate", () => {
  test("calls the version that was asked for: the command, then the environment, then --json", () => {
    const { calls, code } = runStep(runStepOfAction, {
      environment: "staging",
      region: "eu-west-1",
      version: "1.2.3",
    });
    assert.equal(code, 0);
    assert.deepEqual(calls, [["--yes", "hasura-migrate@1.2.3", "apply", "staging", "--json"]]);
  });

  test("splits more arguments at spaces, and appends the function", () => {
    const { calls } = runStep(runStepOfAction, {
      environment: "prod",
      region: "eu-west-1",
      command: "down",
      arguments: "--yes=prod  --wait 30s",
      function: "my-function:apply",
    });
    assert.deepEqual(calls, [
      [
        "--yes",
        "hasura-migrate@latest",
        "down",
        "prod",
        "--json",
        "--yes=prod",
        "--wait",
        "30s",
        "--function",
        "my-function:apply",
      ],
    ]);
  });

  test("reads no input as code", () => {
    const { calls, code, directory } = runStep(runStepOfAction, {
      environment: hostile,
      region: hostile,
      command: hostile,
      version: hostile,
      function: hostile,
      arguments: "$(touch${IFS}pwned) `touch` ;touch * a\\b",
    });
    assert.equal(code, 0);
    assert.deepEqual(calls, [
      ["--yes", `hasura-migrate@${hostile}`, hostile, hostile, "--json"].concat(
        ["$(touch${IFS}pwned)", "`touch`", ";touch", "*", "a\\b"],
        ["--function", hostile],
      ),
    ]);
    assert.equal(existsSync(join(directory, "pwned")), false);
  });

  test("fails with the exit code of hasura-migrate", () => {
    assert.equal(
      runStep(runStepOfAction, { environment: "dev-1", region: "r" }, { exitCode: 5 }).code,
      5,
    );
  });

  test("is left out when there is no command", () => {
    assert.equal(runStepOfAction.if, "inputs.command != ''");
  });

  test("hands over the region", () => {
    assert.equal(runStepOfAction.env["AWS_REGION"], "${{ inputs.region }}");
  });
});

describe("the step that deploys", () => {
  const inputs = {
    environment: "dev-1",
    region: "eu-west-1",
    repository: "1.dkr.ecr.eu-west-1.amazonaws.com/x",
  };

  test("calls docker/deploy with the commit, and the function of the environment", () => {
    const { calls, code } = runStep(deployStep, inputs);
    assert.equal(code, 0);
    assert.deepEqual(calls, [
      [
        "--repository",
        inputs.repository,
        "--function",
        "hasura-migrate-dev-1",
        "--project",
        "hasura",
      ].concat([
        "--metadata",
        "",
        "--certificates",
        "",
        "--platform",
        "linux/amd64",
        "--commit",
        "4c6ea1a0",
      ]),
    ]);
  });

  test("reads no input as code", () => {
    const { calls, directory } = runStep(deployStep, {
      environment: hostile,
      region: hostile,
      repository: hostile,
      function: `f${hostile}`,
      project: `p${hostile}`,
      metadata: `m${hostile}`,
      certificates: `c${hostile}`,
      platform: `l${hostile}`,
    });
    assert.deepEqual(calls, [
      [
        "--repository",
        hostile,
        "--function",
        `f${hostile}`,
        "--project",
        `p${hostile}`,
        "--metadata",
        `m${hostile}`,
      ].concat([
        "--certificates",
        `c${hostile}`,
        "--platform",
        `l${hostile}`,
        "--commit",
        "4c6ea1a0",
      ]),
    ]);
    assert.equal(existsSync(join(directory, "pwned")), false);
  });

  test("passes options that docker/deploy knows", () => {
    const known = new Set(
      [...read("docker/deploy").matchAll(/^ {4}(--[\w-]+)\) /gm)].map(([, option]) => option),
    );
    const [call = []] = runStep(deployStep, inputs).calls;
    for (const option of call.filter((word) => word.startsWith("--")))
      assert.ok(known.has(option), option);
  });

  test("gives the image to later steps, by digest", () => {
    const image = `${inputs.repository}@sha256:${"ab".repeat(32)}`;
    assert.equal(runStep(deployStep, inputs, { stdout: image }).output, `image=${image}\n`);
    assert.equal(compositeAction.outputs["image"]?.value, "${{ steps.deploy.outputs.image }}");
  });

  test("fails when docker/deploy fails, and names no image then", () => {
    const { code, output } = runStep(deployStep, inputs, { exitCode: 2 });
    assert.equal(code, 2);
    assert.equal(output, "");
  });

  test("is left out when there is no repository", () => {
    assert.equal(deployStep.if, "inputs.repository != ''");
  });
});

test("credentials come first, only where there is a role, and in the region of the function", () => {
  const [first] = steps;
  assert.match(first?.uses ?? "", /^aws-actions\/configure-aws-credentials@/);
  assert.equal(first?.if, "inputs.role-to-assume != ''");
  assert.deepEqual(first.with, {
    "role-to-assume": "${{ inputs.role-to-assume }}",
    "aws-region": "${{ inputs.region }}",
  });
});

test("every input is used, and everything that is used is an input", () => {
  const used = [...read("action.yml").matchAll(/inputs\.([\w-]+)/g)].map(([, name = ""]) => name);
  assert.deepEqual([...new Set(used)].toSorted(), Object.keys(compositeAction.inputs).toSorted());
});
