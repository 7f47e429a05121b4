import assert from "node:assert/strict";
import { describe, test } from "vitest";
import * as z from "zod";
import {
  accountWith,
  digestOf,
  doctorLines,
  repository,
  statusLines,
  type Account,
} from "./support/aws-account.ts";
import type { Ran } from "./support/program.ts";

const build = ["--repository", repository, "--project", "hasura", "--commit", "4c6ea1a"];
/** Without the check, where a test is not about it. */
const quick = [...build, "--no-check"];

/** The cells of an environment's row in the table: account, region, function, result, status. */
function rowOf({ stderr }: Ran, environment: string): string[] {
  const line = stderr.split("\n").find((each) => each.startsWith(`${environment} `)) ?? "";
  return line.split(/ {2,}/).slice(1);
}

/** Why an environment failed, as the list below the table says. */
function whyFailed({ stderr }: Ran, environment: string): string {
  const lines = stderr.slice(stderr.indexOf("Failed:")).split("\n");
  const start = `  ${environment}: `;
  return lines.find((line) => line.startsWith(start))?.slice(start.length) ?? "";
}

const count = (account: Account, start: string): number =>
  account.calls().filter((call) => call.startsWith(start)).length;

/** Calls that change something. */
const changes = (account: Account): string[] =>
  account
    .calls()
    .filter((call) => /^(docker|aws \S+ (create|update|set|deploy|put|delete))/.test(call));

describe("docker/deploy for environments", () => {
  test("builds and pushes once, updates every function, checks it, and prints a table", async (t) => {
    const names = Array.from({ length: 9 }, (_, index) => `dev-${String(index + 1)}`);
    const account = await accountWith(t, Object.fromEntries(names.map((name) => [name, {}])));
    const ran = await account.deploy([...build, "--all"]);
    assert.equal(ran.code, 0, ran.stderr);
    assert.equal(count(account, "docker build"), 1);
    assert.equal(count(account, "docker push"), 1);
    assert.equal(count(account, "aws lambda update-function-code"), 9);
    const image = ran.stdout.trim();
    assert.match(image, new RegExp(`^${repository}@sha256:[0-9a-f]{64}$`));
    for (const name of names) {
      assert.equal(digestOf(account, name), image.split("@")[1]);
      assert.deepEqual(
        rowOf(ran, name),
        ["111122223333", "eu-west-1", `hasura-migrate-${name}`].concat([
          "updated",
          "2 applied, 1 pending",
        ]),
      );
    }
  });

  test("a second run builds, pushes and updates nothing, and checks again", async (t) => {
    const account = await accountWith(t, { "dev-1": {}, "dev-2": {} });
    const first = await account.deploy([...build, "--all"]);
    const before = changes(account).length;
    const second = await account.deploy([...build, "--all"]);
    assert.equal(second.code, 0, second.stderr);
    assert.equal(second.stdout, first.stdout);
    assert.deepEqual(changes(account).slice(before), []);
    assert.deepEqual(rowOf(second, "dev-2").slice(3), ["has the image", "2 applied, 1 pending"]);
  });

  test("only the environments that are named are deployed, and each once", async (t) => {
    const account = await accountWith(t, { "dev-1": {}, "dev-2": {}, "dev-3": {} });
    const ran = await account.deploy([...quick, "dev-1", "dev-3", "dev-1"]);
    assert.equal(ran.code, 0, ran.stderr);
    const updated = account.calls().filter((call) => call.includes("update-function-code"));
    assert.deepEqual(updated.map((call) => /--function-name (\S+)/.exec(call)?.[1]).toSorted(), [
      "hasura-migrate-dev-1",
      "hasura-migrate-dev-3",
    ]);
  });

  for (const [argv, expected] of [
    [
      ["--group", "dev"],
      ["dev-1", "dev-2"],
    ],
    [
      ["dev-3", "--group", "dev", "--group=late"],
      ["dev-1", "dev-2", "dev-3", "prod"],
    ],
    [
      ["dev-1", "--then", "dev", "dev-3", "--then", "late"],
      ["dev-1", "dev-2", "dev-3", "prod"],
    ],
    [
      ["--all", "--then", "prod"],
      ["dev-1", "dev-2", "dev-3", "prod"],
    ],
    [
      ["--all", "--group", "dev"],
      ["dev-1", "dev-2", "dev-3", "prod"],
    ],
    [
      ["dev-1", "--then=dev-3,late"],
      ["dev-1", "dev-3", "prod"],
    ],
    [
      ["dev-3", "--then", "dev", "--concurrency", "2", "late"],
      ["dev-1", "dev-2", "dev-3", "prod"],
    ],
  ] as const)
    test(`${argv.join(" ")} deploys what the same words run on`, async (t) => {
      const names = ["dev-1", "dev-2", "dev-3", "prod"];
      const account = await accountWith(t, Object.fromEntries(names.map((name) => [name, {}])));
      account.write("hasura-migrate.json", {
        defaults: { region: "eu-west-1" },
        environments: Object.fromEntries(names.map((name) => [name, { profile: "acme" }])),
        groups: { dev: ["dev-1", "dev-2"], late: ["prod"] },
      });
      const ran = await account.deploy([...quick, ...argv]);
      assert.equal(ran.code, 0, ran.stderr);
      const updated = account.calls().filter((call) => call.includes("update-function-code"));
      assert.deepEqual(
        updated.map((call) => /--function-name hasura-migrate-(\S+)/.exec(call)?.[1]).toSorted(),
        expected,
      );
    });

  test("an option can have its value behind an equals sign, also as the first word", async (t) => {
    const account = await accountWith(t, { "dev-1": {}, "dev-2": {} });
    account.write("hasura-migrate.json", {
      defaults: { region: "eu-west-1", profile: "acme" },
      environments: { "dev-1": {}, "dev-2": {} },
      groups: { dev: ["dev-1", "dev-2"] },
    });
    const ran = await account.deploy([
      "--group=dev",
      `--repository=${repository}`,
      ...quick.slice(2),
    ]);
    assert.equal(ran.code, 0, ran.stderr);
    assert.equal(count(account, "aws lambda update-function-code"), 2);
  });

  test("another project, build argument or platform is another image, and so is one with --rebuild", async (t) => {
    const account = await accountWith(t, { "dev-1": {} });
    const images = new Set<string>();
    const deploy = async (...more: string[]) =>
      images.add((await account.deploy([...build, "dev-1", "--no-check", ...more])).stdout);
    await deploy();
    await deploy("--build-arg", "ENTRY=bundled");
    await deploy("--platform", "linux/arm64");
    await deploy("--rebuild");
    account.write("hasura/migrations/default/1_a/up.sql", "SELECT 1;");
    await deploy();
    assert.equal(images.size, 5, [...images].join(""));
  });

  test("files that never reach the image do not make it another one", async (t) => {
    const account = await accountWith(t, { "dev-1": {} });
    const { stdout } = await account.deploy([...build, "dev-1", "--no-check"]);
    for (const path of [".env", ".git/HEAD", "node_modules/x/index.js", ".hasura-migrate/data/x"])
      account.write(`hasura/${path}`, "private");
    assert.equal((await account.deploy([...build, "dev-1", "--no-check"])).stdout, stdout);
  });

  test("a failure in one environment does not stop the others, and the exit code is 1", async (t) => {
    const account = await accountWith(t, {
      "dev-1": {},
      "dev-2": { reason: "The image is for another architecture" },
      "dev-3": { refused: "Lambda does not like it" },
      "dev-4": { type: "Zip" },
      "dev-5": {},
    });
    account.remove("functions/hasura-migrate-dev-5.json");
    const ran = await account.deploy([...build, "--all"]);
    assert.equal(ran.code, 1);
    assert.deepEqual(rowOf(ran, "dev-1").slice(3), ["updated", "2 applied, 1 pending"]);
    assert.match(whyFailed(ran, "dev-2"), /did not take the image: The image is for another arch/);
    assert.match(whyFailed(ran, "dev-3"), /Lambda does not like it/);
    assert.match(whyFailed(ran, "dev-4"), /hasura-migrate-dev-4 is not made of an image \(Zip\)/);
    assert.match(whyFailed(ran, "dev-5"), /no function hasura-migrate-dev-5.*--stacks/);
    assert.equal(whyFailed(ran, "dev-1"), "");
  });

  test.for(["doctor", "status"])(
    "a %s that fails is shown with its code, and the exit code is 1",
    async (command, t) => {
      const failure = {
        kind: "unreachable",
        code: "hasura-unreachable",
        message: "Hasura is away.",
      };
      const fails = `echo '${JSON.stringify({ type: "check", name: "hasura", state: "failed", failure })}'\nexit 4`;
      const account = await accountWith(t, { "dev-1": {} }, { [command]: fails });
      const ran = await account.deploy([...build, "dev-1"]);
      assert.equal(ran.code, 1);
      assert.deepEqual(rowOf(ran, "dev-1").slice(3), ["updated", "failed"]);
      assert.equal(
        whyFailed(ran, "dev-1"),
        "hasura: Hasura is away. (unreachable/hasura-unreachable)",
      );
    },
  );

  test("waits while another deployment updates the same function, and then updates it", async (t) => {
    const account = await accountWith(t, { "dev-1": { busy: 2 } });
    const ran = await account.deploy([...quick, "dev-1"]);
    assert.equal(ran.code, 0, ran.stderr);
    assert.equal(count(account, "aws lambda update-function-code"), 3);
    assert.equal(digestOf(account, "dev-1"), ran.stdout.trim().split("@")[1]);
  });

  test("builds nothing when there is no function to deploy to", async (t) => {
    const account = await accountWith(t, { "dev-1": { type: "Zip" } });
    const ran = await account.deploy([...build, "--all"]);
    assert.equal(ran.code, 1);
    assert.deepEqual(changes(account), []);
  });

  test("updates no function when the build fails", async (t) => {
    const account = await accountWith(t, { "dev-1": {} });
    account.write("docker.json", { fails: true });
    const ran = await account.deploy([...quick, "--all"]);
    assert.equal(ran.code, 1);
    assert.equal(count(account, "aws lambda update-function-code"), 0);
  });

  test("--image deploys an image that was pushed before, and builds nothing", async (t) => {
    const account = await accountWith(t, { "dev-1": {}, "dev-2": {} });
    const image = `${repository}@sha256:${"ab".repeat(32)}`;
    const ran = await account.deploy(["--image", image, "--all"]);
    assert.equal(ran.code, 0, ran.stderr);
    assert.equal(ran.stdout, `${image}\n`);
    assert.equal(count(account, "docker"), 0);
    assert.equal(digestOf(account, "dev-2"), `sha256:${"ab".repeat(32)}`);
  });

  test("names the environments whose tasks still run the earlier image", async (t) => {
    const account = await accountWith(t, { "dev-1": {}, "dev-2": {}, "dev-3": {} });
    const runner = "ecs";
    account.write("hasura-migrate.json", {
      defaults: { region: "eu-west-1", profile: "acme" },
      environments: { "dev-1": { runner }, "dev-2": {}, "dev-3": { runner } },
    });
    const ran = await account.deploy([...quick, "--all"]);
    assert.equal(ran.code, 0, ran.stderr);
    assert.match(ran.stderr, /^Migrations of dev-1, dev-3 run in ECS tasks, .*--stacks/m);
    const without = await account.deploy([...quick, "dev-2"]);
    assert.doesNotMatch(without.stderr, /ECS/);
  });

  test("--dry-run changes nothing and shows what would be done", async (t) => {
    const account = await accountWith(t, { "dev-1": {}, "dev-2": {} });
    const ran = await account.deploy([...build, "--all", "--dry-run"]);
    assert.equal(ran.code, 0, ran.stderr);
    assert.equal(ran.stdout, "");
    assert.deepEqual(changes(account), []);
    assert.match(ran.stderr, /would build 4c6ea1a-[0-9a-f]{12} and push it to /);
    assert.equal(rowOf(ran, "dev-1")[3], "would be deployed");
  });

  for (const [what, argv, expected] of [
    ["neither names nor --all", ["--config", "hasura-migrate.json"], /name the environments/],
    ["names and --all", ["--all", "dev-1"], /--all and names \(dev-1\) cannot be combined/],
    ["an unknown environment", ["dev-1", "dev-7"], /no environment dev-7; it has dev-1/],
    ["an unknown group", ["--group", "x"], /has no group x/],
    ["an unknown stage", ["dev-1", "--then", "x"], /no environment x; it has dev-1/],
    ["one function", ["--all", "--function", "f"], /--function is for one function/],
    ["an unknown option", ["--all", "--colour"], /Unknown option '--colour'/],
    ["a missing project", ["--all", "--project", "nothing"], /no directory "nothing"/],
    ["an image by tag", ["--all", "--image", "x:latest"], /must be an image by digest/],
    ["a concurrency of 0", ["--all", "--concurrency", "0"], /--concurrency must be/],
    ["a configuration that is not there", ["--all", "--config", "x.json"], /x\.json .* not exist/],
    ["a deployment file that is not there", ["--all", "--deployment", "x.json"], /read x\.json/],
  ] as const) {
    test(`${what}: refused before anything is changed`, async (t) => {
      const account = await accountWith(t, { "dev-1": {} });
      const ran = await account.deploy([...build, ...argv]);
      assert.equal(ran.code, 2);
      assert.match(ran.stderr, expected);
      assert.deepEqual(changes(account), []);
    });
  }
});

describe("the repository", () => {
  test("that does not exist stops the deployment with the command that creates it", async (t) => {
    const account = await accountWith(t, { "dev-1": {} });
    account.remove("repositories/eu-west-1/hasura-migrate.json");
    const ran = await account.deploy([...build, "--all"]);
    assert.equal(ran.code, 1);
    assert.match(
      ran.stderr,
      /--create-repository, or with:\n {2}aws ecr create-repository .*IMMUTABLE/,
    );
    assert.deepEqual(changes(account), []);
  });

  test("is created with --create-repository, with immutable tags", async (t) => {
    const account = await accountWith(t, { "dev-1": {} });
    account.remove("repositories/eu-west-1/hasura-migrate.json");
    const ran = await account.deploy([...quick, "--all", "--create-repository"]);
    assert.equal(ran.code, 0, ran.stderr);
    const [created = ""] = changes(account);
    assert.match(
      created,
      /^aws ecr create-repository --region eu-west-1 .*--image-tag-mutability IMMUTABLE/,
    );
  });

  test("must be in the region of the function; one for each region gets the same image", async (t) => {
    const account = await accountWith(t, { "dev-1": {}, "us-1": { region: "us-east-1" } });
    const only = await account.deploy([...quick, "--all"]);
    assert.equal(only.code, 1);
    assert.match(whyFailed(only, "us-1"), /repository of its own region, us-east-1/);

    account.write("repositories/us-east-1/hasura-migrate.json", { tags: {} });
    const other = repository.replace("eu-west-1", "us-east-1");
    const both = await account.deploy([...quick, "--repository", other, "--all", "--rebuild"]);
    assert.equal(both.code, 0, both.stderr);
    assert.equal(count(account, "docker build"), 2);
    assert.deepEqual(
      both.stdout
        .trim()
        .split("\n")
        .map((image) => image.split("@")[0]),
      [repository, other],
    );
  });

  test("lets Lambda in other accounts pull, with --write-policy, and keeps the rest of its policy", async (t) => {
    const account = await accountWith(t, { "dev-1": {}, prod: { account: "444455556666" } });
    const theirs = { Sid: "Theirs", Effect: "Allow", Principal: { AWS: "1" }, Action: ["ecr:*"] };
    account.write("repositories/eu-west-1/hasura-migrate.json", {
      tags: {},
      policy: JSON.stringify({ Version: "2012-10-17", Statement: [theirs] }),
    });
    const ran = await account.deploy([...quick, "--all", "--write-policy"]);
    assert.equal(ran.code, 0, ran.stderr);
    assert.deepEqual(policyOf(account).Statement, [
      theirs,
      {
        Sid: "HasuraMigrateAccounts",
        Effect: "Allow",
        Principal: { AWS: ["arn:aws:iam::444455556666:root"] },
        Action: ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
      },
      {
        Sid: "HasuraMigrateLambda",
        Effect: "Allow",
        Principal: { Service: "lambda.amazonaws.com" },
        Action: ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
        Condition: {
          StringLike: { "aws:sourceArn": ["arn:aws:lambda:eu-west-1:444455556666:function:*"] },
        },
      },
    ]);

    account.write("functions/hasura-migrate-test.json", {
      account: "777788889999",
      region: "eu-west-1",
    });
    account.write("hasura-migrate.json", { environments: { prod: {}, test: {} } });
    await account.deploy([...quick, "--all", "--write-policy"]);
    assert.deepEqual(policyOf(account).Statement[1]?.Principal, {
      AWS: ["arn:aws:iam::444455556666:root", "arn:aws:iam::777788889999:root"],
    });
    const written = count(account, "aws ecr set-repository-policy");
    await account.deploy([...quick, "--all", "--write-policy"]);
    assert.equal(count(account, "aws ecr set-repository-policy"), written);
  });

  test("shows the policy when Lambda may not pull, and in a dry run", async (t) => {
    const account = await accountWith(t, {
      prod: {
        account: "444455556666",
        refused: "Lambda does not have permission to access the ECR image.",
      },
    });
    for (const more of [[], ["--dry-run"]]) {
      const ran = await account.deploy([...quick, "--all", ...more]);
      assert.match(
        ran.stderr,
        /needs this policy[^]*--write-policy[^]*arn:aws:iam::444455556666:root/,
      );
    }
    assert.equal(count(account, "aws ecr set-repository-policy"), 0);
  });

  test("keeps a policy that cannot be read, even with --write-policy", async (t) => {
    const account = await accountWith(t, { prod: { account: "444455556666" } });
    account.write("repositories/eu-west-1/hasura-migrate.json", { tags: {}, secretPolicy: true });
    const ran = await account.deploy([...quick, "--all", "--write-policy"]);
    assert.equal(count(account, "aws ecr set-repository-policy"), 0);
    assert.match(ran.stderr, /its policy cannot be written: .*not authorized/);
  });

  test("shows only statements to add where its policy cannot be read, because writing them would remove the others", async (t) => {
    const account = await accountWith(t, { prod: { account: "444455556666" } });
    account.write("repositories/eu-west-1/hasura-migrate.json", { tags: {}, secretPolicy: true });
    const ran = await account.deploy([...quick, "--all", "--dry-run"]);
    assert.match(ran.stderr, /could not be read[^]*Add them to the policy[^]*444455556666:root/);
    assert.doesNotMatch(ran.stderr, /--write-policy/);
  });
});

const RepositoryPolicy = z.object({
  Statement: z.array(z.looseObject({ Sid: z.string(), Principal: z.unknown() })),
});

function policyOf(account: Account) {
  const { policy } = z
    .object({ policy: z.string() })
    .parse(account.read("repositories/eu-west-1/hasura-migrate.json"));
  return RepositoryPolicy.parse(JSON.parse(policy));
}

describe("credentials", () => {
  test("are those of the environment's profile, and --profile's for the repository", async (t) => {
    const account = await accountWith(t, { "dev-1": {} });
    const ran = await account.deploy([...quick, "--all", "--profile", "acme-images"]);
    assert.equal(ran.code, 0, ran.stderr);
    for (const call of account.calls()) {
      if (call.startsWith("aws lambda")) assert.match(call, / --profile acme$/);
      if (call.startsWith("aws ecr")) assert.match(call, / --profile acme-images\b/);
    }
  });

  test("are the job's own in CI, where the profile does not exist", async (t) => {
    const account = await accountWith(t, { "dev-1": {} });
    account.write("profiles.json", { other: "1" });
    const ran = await account.deploy([...quick, "--all"], { CI: "true" });
    assert.equal(ran.code, 0, ran.stderr);
    assert.match(
      ran.stderr,
      /dev-1: there is no AWS profile acme; using the credentials of the env/,
    );
    assert.equal(account.calls().filter((call) => call.includes("--profile")).length, 0);
  });

  test("are those of the profile with the environment's name, where none is configured and it exists", async (t) => {
    const account = await accountWith(t, { "dev-1": {}, "dev-2": {} });
    account.write("hasura-migrate.json", { environments: { "dev-1": {}, "dev-2": {} } });
    account.write("profiles.json", { "dev-2": "111122223333" });
    const ran = await account.deploy([...quick, "--all"]);
    assert.equal(ran.code, 0, ran.stderr);
    for (const call of account.calls().filter((each) => each.startsWith("aws lambda")))
      assert.equal(
        call.includes("--profile"),
        call.includes("--function-name hasura-migrate-dev-2"),
        call,
      );
  });

  test("are not replaced if the AWS CLI cannot list profiles, as in version 1", async (t) => {
    const account = await accountWith(t, { "dev-1": {} });
    account.remove("profiles.json");
    const ran = await account.deploy([...quick, "--all"], { CI: "true" });
    assert.equal(ran.code, 0, ran.stderr);
    for (const call of account.calls().filter((each) => each.startsWith("aws lambda")))
      assert.match(call, / --profile acme$/);
  });

  test("are not replaced on a machine with profiles, where the profile does not exist", async (t) => {
    const account = await accountWith(t, { "dev-1": {} });
    account.write("profiles.json", { other: "1" });
    await account.deploy([...quick, "--all"]);
    for (const call of account.calls().filter((each) => each.startsWith("aws lambda")))
      assert.match(call, / --profile acme$/);
  });
});

const parameters = {
  HasuraEndpoint: "http://hasura.internal:8080",
  AdminSecretParameter: "/hasura/dev-1",
  VpcId: "vpc-0a",
  SubnetIds: ["subnet-0a", "subnet-0b"],
};

describe("docker/deploy --stacks", () => {
  test("deploys a stack for each environment, with the image and the parameters of the file", async (t) => {
    const account = await accountWith(t, { "dev-1": {}, "dev-2": {} });
    account.write("deploy/deployment.json", {
      repository,
      project: "../hasura",
      platform: "linux/arm64",
      defaults: { profile: "acme-admin", parameters: { ...parameters, MemorySize: 256 } },
      environments: {
        "dev-1": {},
        "dev-2": { stack: "team-{env}", parameters: { MemorySize: 512, Protected: true } },
      },
    });
    account.write("profiles.json", { acme: "111122223333", "acme-admin": "111122223333" });
    const ran = await account.deploy([
      "--deployment",
      "deploy/deployment.json",
      "--all",
      "--stacks",
    ]);
    assert.equal(ran.code, 0, ran.stderr);
    const image = ran.stdout.trim();
    const common = {
      ...parameters,
      SubnetIds: "subnet-0a,subnet-0b",
      ImageUri: image,
      Architecture: "arm64",
    };
    assert.deepEqual(account.read("stacks/hasura-migrate-dev-1.json"), {
      ...common,
      Environment: "dev-1",
      MemorySize: "256",
      Protected: "false",
    });
    assert.deepEqual(account.read("stacks/team-dev-2.json"), {
      ...common,
      Environment: "dev-2",
      MemorySize: "512",
      Protected: "true",
    });
    const [deployed = ""] = account
      .calls()
      .filter((call) => call.includes("cloudformation deploy"));
    for (const part of ["CAPABILITY_NAMED_IAM", "docker/template.yaml", "--profile acme-admin"])
      assert.ok(deployed.includes(part), part);
    assert.deepEqual(rowOf(ran, "dev-2").slice(3), ["stack deployed", "2 applied, 1 pending"]);
  });

  test("names the resource that made a stack fail", async (t) => {
    const account = await accountWith(t, { "dev-1": {} });
    account.write("deployment.json", { environments: { "dev-1": { parameters } } });
    const event = (...cells: string[]) => cells.join("\t");
    account.write("stacks/hasura-migrate-dev-1.json", {
      fails: [
        event("ROLLBACK_IN_PROGRESS", "hasura-migrate-dev-1", "The following resource(s) failed"),
        event("CREATE_FAILED", "Alarm", "Resource creation cancelled"),
        event("CREATE_FAILED", "Function", "The subnet does not exist"),
        event("CREATE_IN_PROGRESS", "hasura-migrate-dev-1", "User Initiated"),
        event("UPDATE_FAILED", "Role", "of the time before"),
      ].join("\n"),
    });
    const ran = await account.deploy([
      ...build,
      "--deployment",
      "deployment.json",
      "--all",
      "--stacks",
    ]);
    assert.equal(ran.code, 1);
    assert.equal(whyFailed(ran, "dev-1"), "Function: The subnet does not exist");
  });

  test("shows why a stack was not even started, not why an earlier operation failed", async (t) => {
    const account = await accountWith(t, { "dev-1": {} });
    account.write("deployment.json", { environments: { "dev-1": { parameters } } });
    account.write("stacks/hasura-migrate-dev-1.json", {
      refused: "Stack is in ROLLBACK_COMPLETE state and can not be updated.",
      fails: "CREATE_FAILED\tFunction\tThe subnet does not exist",
    });
    const argv = [...build, "--deployment", "deployment.json", "--all", "--stacks"];
    const ran = await account.deploy(argv);
    assert.equal(ran.code, 1);
    assert.match(whyFailed(ran, "dev-1"), /ValidationError.* in ROLLBACK_COMPLETE state/);
  });

  test("reports every problem in the file at once", async (t) => {
    const account = await accountWith(t, { "dev-1": {} });
    account.write("deployment.json", {
      repositories: [],
      platform: 3,
      environments: { "dev-1": { colour: "red", parameters: { VpcId: { a: 1 } } } },
    });
    const ran = await account.deploy([...build, "--deployment", "deployment.json", "--all"]);
    assert.equal(ran.code, 2);
    for (const problem of [
      "repositories: unknown key",
      "platform must be a string",
      "environments.dev-1.colour: unknown key",
      "environments.dev-1.parameters.VpcId must be",
    ])
      assert.ok(ran.stderr.includes(problem), problem);
  });

  test("refuses parameters that are missing, unknown or not for the file, before anything is changed", async (t) => {
    const account = await accountWith(t, { "dev-1": {} });
    account.write("deployment.json", {
      defaults: { function: "other", parameters: { Vpc: "vpc-0a", ImageUri: "x" } },
    });
    const ran = await account.deploy([
      ...build,
      "--deployment",
      "deployment.json",
      "--all",
      "--stacks",
    ]);
    assert.equal(ran.code, 2);
    for (const problem of [
      "dev-1: the template has no Vpc",
      "dev-1: ImageUri is set by deploy",
      "dev-1: VpcId is missing",
      "dev-1: SubnetIds is missing",
      "the stack's function is hasura-migrate-dev-1, but the environment calls other",
    ])
      assert.ok(ran.stderr.includes(problem), problem);
    assert.deepEqual(changes(account), []);
  });
});

test("the table counts migrations by state, and shows the warnings of doctor", async (t) => {
  const account = await accountWith(
    t,
    { "dev-1": {} },
    {
      doctor: doctorLines({ hasura: "ok", metadata: "warning" }),
      status: statusLines(["applied", "changed", "pending", "pending"]),
    },
  );
  const ran = await account.deploy([...build, "dev-1"]);
  assert.equal(ran.code, 0, ran.stderr);
  assert.equal(rowOf(ran, "dev-1")[4], "1 applied, 1 changed, 2 pending, check metadata");
});
