import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "vitest";
import { compositeAction, type ActionStep } from "./support/actions.ts";
import { read, root } from "./support/repository.ts";
import { actionVersion, runStep } from "./support/run-step.ts";

const { steps } = compositeAction.runs;
function stepWhere(matches: (step: ActionStep) => boolean): ActionStep {
  const found = steps.find(matches);
  assert.ok(found);
  return found;
}
const checkStep = stepWhere(({ id }) => id === "check");
const deployStep = stepWhere(({ id }) => id === "deploy");
const runStepOfAction = stepWhere(({ id }) => id === "run");
const commentStep = stepWhere(({ run = "" }) => run.includes("$PROGRAM"));

/** A word that does harm if a shell interprets it. */
const hostile = "a;touch${IFS}pwned;$(touch${IFS}pwned)`touch${IFS}pwned`*\"'\\";
/** The same with spaces, for inputs that are one value. */
const hostileText = `a b ${hostile}`;
const several = { outputs: { "steps.check.outputs.several": "true" } };

describe("the step that checks the environments", () => {
  for (const [environment, isSeveral] of [
    ["staging", false],
    ["  staging\n", false],
    ["dev-1 dev-2", true],
    ["--all", true],
    ["--group dev", true],
    ["--group=dev", true],
    ["dev-1\n--then staging\n--then prod\n", true],
  ] as const)
    test(`finds ${isSeveral ? "several" : "one"} in ${JSON.stringify(environment)}`, () => {
      const { code, output } = runStep(checkStep, { environment, region: "r" });
      assert.deepEqual([code, output], [0, `several=${String(isSeveral)}\n`]);
    });

  for (const [environment, expected] of [
    ["", /is empty/],
    [" \n ", /is empty/],
    ["dev-1 --endpoint-url=https://example.com", /put other options into arguments/],
    ["dev-1 --yes", /put other options into arguments/],
  ] as const)
    test(`refuses ${JSON.stringify(environment)}`, () => {
      const { code, stdout, output } = runStep(checkStep, { environment, region: "r" });
      assert.deepEqual([code, output], [2, ""]);
      assert.match(stdout, expected);
      assert.match(stdout, /^::error title=hasura-migrate::/);
    });

  test("refuses one function for several environments", () => {
    const inputs = { environment: "dev-1 dev-2", region: "r", function: "f" };
    const { code, stdout } = runStep(checkStep, inputs);
    assert.equal(code, 2);
    assert.match(stdout, /function is for a single one/);
    assert.equal(runStep(checkStep, { ...inputs, environment: "dev-1" }).code, 0);
  });

  test("interprets no input as code, and repeats none", () => {
    const inputs = { environment: `${hostile} -${hostile}`, region: "r", function: hostileText };
    const { stdout, directory } = runStep(checkStep, inputs);
    assert.equal(existsSync(join(directory, "pwned")), false);
    assert.doesNotMatch(stdout, /pwned/);
  });
});

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
      region: hostileText,
      command: hostileText,
      version: hostileText,
      function: hostileText,
      project: hostileText,
      arguments: "$(touch${IFS}pwned) `touch`\n;touch * a\\b",
    });
    assert.equal(code, 0);
    assert.deepEqual(calls, [
      ["--yes", `hasura-migrate@${hostileText}`, hostileText, hostile, "--json"].concat(
        ["$(touch${IFS}pwned)", "`touch`", ";touch", "*", "a\\b"],
        ["--function", hostileText],
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

  test("runs in the project, if the checkout has it, with the configuration that was named", () => {
    const inputs = { environment: "dev-1", region: "r", project: "apps/api" };
    const env = { HASURA_MIGRATE_CONFIG: "ci/hasura-migrate.json" };
    const there = runStep(runStepOfAction, inputs, { directories: ["apps/api"], env });
    assert.deepEqual(there.directories, ["apps/api"]);
    assert.deepEqual(runStep(runStepOfAction, inputs).directories, [""]);
    assert.equal(there.config, join(there.directory, "ci/hasura-migrate.json"));
  });

  test("passes several environments and stages as words", () => {
    const inputs = { environment: "dev-1\n--then dev --then staging\n", region: "r" };
    const { calls } = runStep(runStepOfAction, { ...inputs, command: "down" }, several);
    assert.deepEqual(calls, [
      ["--yes", `hasura-migrate@${actionVersion}`, "down"].concat(
        ["dev-1", "--then", "dev", "--then", "staging"],
        ["--json"],
      ),
    ]);
  });

  test("shows the matrix after several were migrated, and still fails with their exit code", () => {
    const inputs = { environment: "dev-1 dev-2", region: "r", arguments: "--wait=30s" };
    const ran = runStep(runStepOfAction, inputs, { ...several, exitCode: 5 });
    assert.equal(ran.code, 5);
    assert.deepEqual(
      ran.calls.map((call) => call.slice(2)),
      [
        ["apply", "dev-1", "dev-2", "--json", "--wait=30s"],
        ["status", "dev-1", "dev-2"],
      ],
    );
    assert.match(ran.stdout, /^::warning title=hasura-migrate::/m);
    assert.equal(runStep(runStepOfAction, { environment: "dev-1", region: "r" }).calls.length, 1);
  });

  test("keeps a plan as Markdown for the steps after it, and in the log", () => {
    const inputs = {
      environment: "dev-1 dev-2",
      region: "r",
      command: "plan",
      arguments: "--to 7",
    };
    const ran = runStep(runStepOfAction, inputs, { ...several, stdout: "### plan" });
    assert.equal(ran.code, 0);
    assert.deepEqual(
      ran.calls.map((call) => call.slice(2)),
      [["plan", "dev-1", "dev-2", "--markdown", "--to", "7"]],
    );
    assert.equal(ran.stdout, "### plan\n");
    const [, path = ""] = /^plan=(.*)\n$/.exec(ran.output) ?? [];
    assert.equal(readFileSync(path, "utf8"), "### plan\n");
    assert.equal(compositeAction.outputs["plan"]?.value, "${{ steps.run.outputs.plan }}");
  });

  test("keeps the plan of those that answered, and fails, where one does not", () => {
    const inputs = { environment: "dev-1 dev-2", region: "r", command: "plan" };
    const ran = runStep(runStepOfAction, inputs, { ...several, stdout: "### plan", exitCode: 4 });
    assert.equal(ran.code, 4);
    assert.match(ran.output, /^plan=/);
  });

  test("is left out when there is no command", () => {
    assert.equal(runStepOfAction.if, "inputs.command != ''");
  });

  test("passes the region", () => {
    assert.equal(runStepOfAction.env["AWS_REGION"], "${{ inputs.region }}");
  });
});

describe("the step that deploys", () => {
  const repository = "1.dkr.ecr.eu-west-1.amazonaws.com/x";
  const inputs = { environment: "dev-1", region: "eu-west-1", repository };

  /** The values of an option, in order. */
  const valuesOf = (call: readonly string[] = [], option: string): (string | undefined)[] =>
    call.flatMap((word, i) => (word === option ? [call[i + 1]] : []));

  test("calls docker/deploy with the commit, and the function of a single environment", () => {
    const { calls, code, directory } = runStep(deployStep, inputs);
    assert.equal(code, 0);
    assert.deepEqual(calls, [
      [
        ...["--platform", "linux/amd64", "--commit", "4c6ea1a0", "--repository", repository],
        ...["--project", join(directory, "hasura"), "--metadata", "", "--certificates", ""],
        ...["--function", "hasura-migrate-dev-1"],
      ],
    ]);
    const named = runStep(deployStep, { ...inputs, function: "other" }).calls[0];
    assert.deepEqual(valuesOf(named, "--function"), ["other"]);
  });

  test("calls it with the environments and stages, in the project, where there are several", () => {
    const { calls, directories, directory, config } = runStep(
      deployStep,
      {
        ...inputs,
        environment: "dev-1 --then dev --then prod",
        repository: `${repository}\n2.dkr.ecr.us-east-1.amazonaws.com/x`,
        certificates: "certificates",
      },
      { ...several, directories: ["hasura"], env: { HASURA_MIGRATE_CONFIG: "ci.json" } },
    );
    assert.equal(config, join(directory, "ci.json"));
    const [call = []] = calls;
    assert.deepEqual(call.slice(-5), ["dev-1", "--then", "dev", "--then", "prod"]);
    assert.deepEqual(valuesOf(call, "--function"), []);
    assert.equal(valuesOf(call, "--repository").length, 2);
    assert.deepEqual(valuesOf(call, "--project"), [join(directory, "hasura")]);
    assert.deepEqual(valuesOf(call, "--certificates"), [join(directory, "certificates")]);
    assert.deepEqual(directories, ["hasura"]);
  });

  test("interprets no input as code", () => {
    for (const circumstances of [{}, several]) {
      const { calls, directory } = runStep(
        deployStep,
        {
          environment: hostile,
          region: hostileText,
          repository: hostile,
          function: `f${hostileText}`,
          project: `p${hostileText}`,
          metadata: `m${hostileText}`,
          certificates: `c${hostileText}`,
          platform: `l${hostileText}`,
        },
        circumstances,
      );
      const [call = []] = calls;
      assert.deepEqual(valuesOf(call, "--repository"), [hostile]);
      assert.deepEqual(valuesOf(call, "--platform"), [`l${hostileText}`]);
      for (const [option, letter] of [
        ["--project", "p"],
        ["--metadata", "m"],
        ["--certificates", "c"],
      ] as const)
        assert.deepEqual(valuesOf(call, option), [join(directory, `${letter}${hostileText}`)]);
      assert.equal(call.at(-1), circumstances === several ? hostile : `f${hostileText}`);
      assert.equal(existsSync(join(directory, "pwned")), false);
    }
  });

  test("passes options that docker/deploy knows", () => {
    const known = new Set(
      [...read("docker/deploy").matchAll(/^ {4}(--[\w-]+)\) /gm)].map(([, option]) => option),
    );
    const [call = []] = runStep(deployStep, inputs).calls;
    for (const option of call.filter((word) => word.startsWith("--")))
      assert.ok(known.has(option), option);
  });

  test("gives the images to later steps, by digest and on one line", () => {
    const image = `${repository}@sha256:${"ab".repeat(32)}`;
    assert.equal(runStep(deployStep, inputs, { stdout: image }).output, `image=${image}\n`);
    const two = runStep(deployStep, inputs, { stdout: `${image}\nforged=${image}` });
    assert.equal(two.output, `image=${image} forged=${image}\n`);
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

describe("the step that comments", () => {
  test("passes the plan, the key and the token by the environment", () => {
    assert.deepEqual(commentStep.env, {
      BODY_FILE: "${{ steps.run.outputs.plan }}",
      COMMENT_KEY: "${{ inputs.comment-key || inputs.environment }}",
      GITHUB_TOKEN: "${{ inputs.github-token }}",
      NODE_USE_ENV_PROXY: "1",
      PROGRAM: "${{ github.action_path }}/action/comment.mjs",
    });
    assert.ok(existsSync(join(root, "action/comment.mjs")));
  });

  test("comes after a plan on a pull request, even of one that failed, unless it is turned off", () => {
    assert.equal(
      commentStep.if,
      "${{ !cancelled() && inputs.comment == 'true' && steps.run.outputs.plan != '' && github.event.pull_request }}",
    );
    assert.equal(compositeAction.inputs["comment"]?.default, "true");
    assert.equal(compositeAction.inputs["github-token"]?.default, "${{ github.token }}");
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
