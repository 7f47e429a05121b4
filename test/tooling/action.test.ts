import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "vitest";
import { compositeAction, type ActionStep } from "./support/actions.ts";
import { read } from "./support/repository.ts";
import { actionVersion, runStep } from "./support/run-step.ts";

const { steps } = compositeAction.runs;
function stepWhere(matches: (step: ActionStep) => boolean): ActionStep {
  const found = steps.find(matches);
  assert.ok(found);
  return found;
}
const deployStep = stepWhere(({ id }) => id === "deploy");
const runStepOfAction = stepWhere(({ name }) => name === "Run");

/** A value that does harm if a shell interprets or splits it. */
const hostile = "a b\"'; touch pwned; $(touch pwned) `touch pwned` * \\";

describe("the step that runs hasura-migrate", () => {
  test("runs the requested version: the command, then the environment, then --json", () => {
    const { calls, code } = runStep(runStepOfAction, {
      environment: "staging",
      region: "eu-west-1",
      version: "1.2.3",
    });
    assert.equal(code, 0);
    assert.deepEqual(calls, [["--yes", "hasura-migrate@1.2.3", "apply", "staging", "--json"]]);
  });

  test("runs the version of the action's own checkout by default", () => {
    const { calls, code } = runStep(runStepOfAction, { environment: "dev-1", region: "r" });
    assert.equal(code, 0);
    assert.equal(calls[0]?.[1], `hasura-migrate@${actionVersion}`);
    assert.equal(runStepOfAction.env["PACKAGE"], "${{ github.action_path }}/package.json");
    assert.equal(compositeAction.inputs["version"]?.default, "");
  });

  test.each([
    ["a block with a line for each", "--wait=30s\n--yes=prod\n"],
    ["a block with blank lines and indentation", "\n  --wait=30s\n\n\t--yes=prod  \n\n"],
    ["one line", "--wait=30s --yes=prod"],
    ["a folded line and another", "--wait=30s\n--yes=prod"],
  ])("passes every argument of %s", (_, text) => {
    const { calls, code } = runStep(runStepOfAction, {
      environment: "prod",
      region: "r",
      arguments: text,
    });
    assert.equal(code, 0);
    assert.deepEqual(calls[0]?.slice(5), ["--wait=30s", "--yes=prod"]);
  });

  test.each(["", " ", "\n", "\n \n"])("passes no argument for %j", (text) => {
    const { calls } = runStep(runStepOfAction, {
      environment: "prod",
      region: "r",
      arguments: text,
    });
    assert.equal(calls[0]?.length, 5);
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
        `hasura-migrate@${actionVersion}`,
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

  test("interprets no input as code", () => {
    const { calls, code, directory } = runStep(runStepOfAction, {
      environment: hostile,
      region: hostile,
      command: hostile,
      version: hostile,
      function: hostile,
      arguments: "$(touch${IFS}pwned) `touch`\n;touch * a\\b",
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

  test("passes the region", () => {
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

  test("interprets no input as code", () => {
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
