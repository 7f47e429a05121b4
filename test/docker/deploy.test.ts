import assert from "node:assert/strict";
import { readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "vitest";
import { read } from "../tooling/support/repository.ts";
import { accountWith, digestOf, repository as ecrRepository } from "./support/aws-account.ts";
import { dockerFile, filesIn, run, standIns, type Ran } from "./support/program.ts";

const repository = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/migrate";
const digest = `${repository}@sha256:${"ab".repeat(32)}`;

/** Runs docker/deploy with programs in place of `docker` and `aws` that record their arguments and the build's context. */
async function deploy(
  t: TestContext,
  argv: readonly string[],
  { wait = 0 } = {},
): Promise<Ran & { calls: string[] }> {
  const directory = await filesIn(t, {
    "hasura/config.yaml": "version: 3\n",
    "own/authority.pem": "pem",
    ".env": "SECRET",
    calls: "",
  });
  const bin = await standIns(t, {
    docker: [
      `echo "docker $*" >>"${directory}/calls"`,
      `[ "$1" = build ] && { for last; do :; done; (cd "$last" && find . -maxdepth 3 -not -path "./src/*" | sort | sed "s/^/sees /") >>"${directory}/calls"; }`,
      `[ "$1" = login ] && echo "password $(cat)" >>"${directory}/calls"`,
      `[ "$1" = inspect ] && printf '%s\\n' "elsewhere@sha256:00" "${digest}"`,
      "exit 0",
    ].join("\n"),
    aws: [
      `echo "aws $*" >>"${directory}/calls"`,
      '[ "$2" = get-login-password ] && echo token',
      '[ "$2" = get-function-configuration ] && echo "The image is for another architecture"',
      `[ "$2" = wait ] && exit ${String(wait)}`,
      "exit 0",
    ].join("\n"),
  });
  const named = argv.map((it) => it.replace("HERE", directory));
  const ran = await run(dockerFile("deploy"), named, {
    PATH: `${bin}:${process.env["PATH"] ?? ""}`,
  });
  return { ...ran, calls: readFileSync(join(directory, "calls"), "utf8").split("\n") };
}

const usual = [
  "--repository",
  repository,
  "--function",
  "hasura-migrate-dev-1",
  "--project",
  "HERE/hasura",
  "--commit",
  "4c6ea1a",
];

describe("deploy", () => {
  test("builds, pushes, updates the function to the digest and waits, in this order", async (t) => {
    const { code, stdout, stderr, calls } = await deploy(t, [
      ...usual,
      "--certificates",
      "HERE/own",
      "--build-arg",
      "ENTRY=npx",
    ]);
    assert.equal(code, 0, stderr);
    assert.equal(stdout, `${digest}\n`);
    const steps = calls.filter((line) => /^(docker|aws) /.test(line));
    const order = [
      "docker build",
      "docker push",
      "docker inspect",
      "aws lambda update-function-code",
      "aws lambda wait",
    ];
    // Logging in is a pipe, whose two ends start at the same time.
    const places = order.map((start) => steps.findIndex((line) => line.startsWith(start)));
    assert(!places.includes(-1), steps.join("\n"));
    assert.deepEqual(
      places,
      places.toSorted((one, other) => one - other),
    );
    const build = steps[places[0] ?? -1] ?? "";
    for (const part of ["linux/amd64", "MIGRATIONS=project", "GIT_COMMIT=4c6ea1a", "ENTRY=npx"])
      assert(build.includes(part), part);
    assert(
      steps
        .find((line) => line.includes("update-function-code"))
        ?.includes(`--image-uri ${digest}`),
    );
    assert(calls.includes("password token"));
  });

  test("the context of the build contains the program, the project and the certificates, and nothing else of the checkout", async (t) => {
    const { calls } = await deploy(t, [...usual, "--certificates", "HERE/own"]);
    const sees = calls
      .filter((line) => line.startsWith("sees "))
      .map((line) => line.slice("sees ./".length));
    for (const path of [
      "project/config.yaml",
      "docker/certificates/authority.pem",
      "docker/Dockerfile",
      "package-lock.json",
    ])
      assert(sees.includes(path), path);
    assert.deepEqual(
      sees.filter((path) => /node_modules|\.env$|^test|\.git$/.test(path)),
      [],
    );
  });

  test("needs no permission to read the function's code", async (t) => {
    const { calls } = await deploy(t, usual, { wait: 255 });
    assert.deepEqual(
      calls.filter((line) => line.startsWith("aws lambda")).map((line) => line.split(" --")[0]),
      [
        "aws lambda update-function-code",
        "aws lambda wait function-updated",
        "aws lambda get-function-configuration",
      ],
    );
  });

  test("a project that is a link to a directory is copied", async (t) => {
    const elsewhere = await filesIn(t, { "hasura/config.yaml": "version: 3\n" });
    symlinkSync("hasura", join(elsewhere, "link"));
    const { code, stderr, calls } = await deploy(t, [
      "--repository",
      repository,
      "--no-update",
      "--project",
      join(elsewhere, "link"),
    ]);
    assert.equal(code, 0, stderr);
    assert.ok(calls.includes("sees ./project/config.yaml"));
  });

  test("--no-update pushes and touches no function", async (t) => {
    const { code, calls } = await deploy(t, [
      "--repository",
      repository,
      "--project",
      "HERE/hasura",
      "--no-update",
    ]);
    assert.equal(code, 0);
    assert.equal(calls.filter((line) => line.startsWith("aws lambda")).length, 0);
  });

  test("fails with Lambda's reason if the function cannot be updated", async (t) => {
    const { code, stdout, stderr } = await deploy(t, usual, { wait: 255 });
    assert.equal(code, 1);
    assert.equal(stdout, "");
    assert.match(
      stderr,
      /could not be updated to the image:\nThe image is for another architecture/,
    );
  });

  for (const [what, argv, expected] of [
    [
      "a repository outside ECR",
      ["--repository", "docker.io/x/y", "--function", "f", "--project", "HERE/hasura"],
      /--repository must be an ECR repository/,
    ],
    [
      "a missing project",
      ["--repository", repository, "--function", "f", "--project", "HERE/nothing"],
      /there is no directory ".*nothing" \(--project\)/,
    ],
    [
      "no function",
      ["--repository", repository, "--project", "HERE/hasura"],
      /the name of the function is missing: --function/,
    ],
    ["an unknown option", ["--colour", "blue"], /unknown option --colour/],
    ["an option without its value", ["--project"], /--project needs a value/],
  ] as const) {
    test(`${what} is refused before anything is built`, async (t) => {
      const { code, stderr, calls } = await deploy(t, argv);
      assert.equal(code, 2);
      assert.match(stderr, expected);
      assert.deepEqual(calls, [""]);
    });
  }

  test("a second run finds the image in the repository, and only points the function at it", async (t) => {
    const account = await accountWith(t, { "dev-1": { busy: 1 } });
    const argv = ["--repository", ecrRepository, "--project", "hasura"].concat([
      "--function",
      "hasura-migrate-dev-1",
    ]);
    const first = await account.deploy(argv);
    assert.equal(first.code, 0, first.stderr);
    const before = account.calls().length;
    const second = await account.deploy(argv);
    assert.equal(second.stdout, first.stdout);
    assert.deepEqual(
      account
        .calls()
        .slice(before)
        .map((call) => call.split(" --")[0]),
      [
        "aws ecr batch-get-image",
        "aws lambda update-function-code",
        "aws lambda wait function-updated",
      ],
    );
    assert.equal(digestOf(account, "dev-1"), second.stdout.trim().split("@")[1]);
  });

  test("--image points the function at an earlier image, without a project", async (t) => {
    const account = await accountWith(t, { "dev-1": {} });
    const image = `${ecrRepository}@sha256:${"cd".repeat(32)}`;
    const argv = ["--function", "hasura-migrate-dev-1", "--profile", "acme", "--image", image];
    const ran = await account.deploy(argv);
    assert.equal(ran.stdout, `${image}\n`, ran.stderr);
    assert.equal(digestOf(account, "dev-1"), `sha256:${"cd".repeat(32)}`);
    assert.ok(account.calls().every((call) => call.endsWith(" --profile acme")));
  });

  test("--dry-run names the image that would be built, and changes nothing", async (t) => {
    const account = await accountWith(t, { "dev-1": {} });
    const ran = await account.deploy(
      ["--repository", ecrRepository, "--project", "hasura"].concat([
        "--function",
        "hasura-migrate-dev-1",
        "--dry-run",
      ]),
    );
    assert.equal(ran.code, 0, ran.stderr);
    assert.match(ran.stderr, /would build [0-9a-f]{12} and push it to /);
    assert.deepEqual(
      account.calls().map((call) => call.split(" --")[0]),
      ["aws ecr batch-get-image"],
    );
  });

  test("--help describes every option that it and the environments take", async (t) => {
    const { code, stdout } = await deploy(t, ["--help"]);
    assert.equal(code, 0);
    const described = [...stdout.matchAll(/^ {2}(--[\w-]+) /gm)].map(([, name]) => name);
    const inUsage = ["--function", "--all", "--group", "--no-update"];
    const bash = [...read("docker/deploy").matchAll(/^ {4}(--[\w-]+)\) /gm)];
    const node = [
      ...read("docker/deployment/options.mjs").matchAll(/^ {2}"?([\w-]+)"?: (text|texts|flag),$/gm),
    ];
    assert.ok(bash.length > 10 && node.length > 10);
    const taken = [...bash.map(([, name]) => name), ...node.map(([, name]) => `--${String(name)}`)];
    const expected = new Set(taken.filter((name) => name !== "--help"));
    assert.deepEqual([...new Set([...described, ...inUsage])].toSorted(), [...expected].toSorted());
  });
});
