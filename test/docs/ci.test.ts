import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "vitest";
import { parse } from "yaml";
import * as z from "zod";
import { FileConfig } from "../../src/cli/config/schema.ts";
import { packageVersion } from "../../src/package-version.ts";
import { compositeAction } from "../tooling/support/actions.ts";
import { read } from "../tooling/support/repository.ts";
import {
  recordedCalls,
  recordingProgram,
  temporaryDirectory,
} from "../tooling/support/run-step.ts";
import { codeBlocksOf } from "./support/code-blocks.ts";

const page = read("docs/ci.md");
const blocks = codeBlocksOf(page);
const labelled = (label: string): string =>
  blocks.find((block) => block.label.split(" ").at(-1) === label)?.text ??
  assert.fail(`no block ${label}`);

/** `!reference [job, key]` of GitLab, as the list of its words. */
const customTags = [{ tag: "!reference", collection: "seq" as const }];
const yaml = (label: string): unknown => parse(labelled(label), { customTags });

const config = FileConfig.parse(JSON.parse(labelled("hasura-migrate.json")));
const known = new Set([
  ...Object.keys(config.environments ?? {}),
  ...Object.keys(config.groups ?? {}),
]);

/** Fails for words that the configuration on the page does not have. */
function checkEnvironments(words: string): void {
  const names = words.split(/\s+/).filter((word) => !["--all", "--then", "--group"].includes(word));
  for (const name of names) assert.ok(known.has(name), `${name} in "${words}"`);
}

const workflow = z.object({
  jobs: z.record(
    z.string(),
    z.object({
      steps: z.array(
        z.object({
          uses: z.string(),
          with: z.record(z.string(), z.union([z.string(), z.boolean()])).optional(),
        }),
      ),
    }),
  ),
});

const runStep = z.object({
  run: z.union([
    z.string(),
    z.object({ command: z.string(), environment: z.record(z.string(), z.string()).default({}) }),
  ]),
});
const orb = z.object({
  parameters: z.record(z.string(), z.object({ default: z.string().optional() })).default({}),
  steps: z.array(z.unknown()),
});
const circleci = z.object({
  orbs: z.object({
    "hasura-migrate": z.object({
      commands: z.record(z.string(), orb),
      jobs: z.record(z.string(), orb),
    }),
  }),
  workflows: z.record(z.string(), z.object({ jobs: z.array(z.record(z.string(), z.unknown())) })),
});

const script = z.array(z.union([z.string(), z.array(z.string())])).default([]);
const gitlabJob = z.looseObject({
  extends: z.string().optional(),
  image: z.string().optional(),
  variables: z.record(z.string(), z.string()).default({}),
  before_script: script,
  script,
  after_script: script,
});

interface Ran {
  readonly status: number | null;
  readonly calls: readonly (readonly string[])[];
  readonly directory: string;
  readonly stderr: string;
}

/** Runs a script of a pipeline in a checkout with a project, with recording programs in place of those that it calls. */
function run(text: string, env: Readonly<Record<string, string>>, then = ""): Ran {
  const directory = temporaryDirectory();
  mkdirSync(join(directory, "hasura"));
  const record = join(directory, "record");
  for (const name of ["npx", "git", "apk"])
    recordingProgram(join(directory, "bin", name), record, then);
  recordingProgram(join(directory, "hasura-migrate/docker/deploy"), record);
  const { status, stderr } = spawnSync("bash", ["-eo", "pipefail", "-c", text], {
    cwd: directory,
    env: {
      PATH: `${join(directory, "bin")}:${process.env["PATH"] ?? ""}`,
      HOME: directory,
      ...env,
    },
    encoding: "utf8",
  });
  return { status, stderr, calls: recordedCalls(record), directory };
}

const published = `hasura-migrate@${packageVersion}`;

describe("the pipelines in docs/ci.md", () => {
  test("use this version: of the package, of the action, and of docker/deploy", () => {
    const pins = [...page.matchAll(/hasura-migrate@v?([\w.-]+)|--branch v(\S+)/g)];
    assert.ok(pins.length >= 12);
    for (const [pin, first, second] of pins) assert.equal(first ?? second, packageVersion, pin);
    assert.doesNotMatch(page, /npx (--yes )?hasura-migrate [a-z].*--json \|/);
  });

  test("name images and machines with a version", () => {
    const images = [...page.matchAll(/image: (\S+)|services: \[(.*)\]/g)].map(
      ([, image, service]) => image ?? service ?? "",
    );
    assert.ok(images.length >= 4);
    for (const image of images) assert.match(image, /:v?\d[\w.-]*\d/, image);
    const [, node] =
      /^ARG NODE_IMAGE=docker\.io\/library\/(.*)$/m.exec(read("docker/Dockerfile")) ?? [];
    assert.ok(node !== undefined && images.includes(node), "the Node of docker/Dockerfile");
  });

  test("name roles that the page describes", () => {
    const roles = [...page.matchAll(/role\/(hasura-migrate-ci-\w+)/g)].map(([, role]) => role);
    assert.deepEqual([...new Set(roles)].toSorted(), [
      "hasura-migrate-ci-deploy",
      "hasura-migrate-ci-prod",
      "hasura-migrate-ci-read",
    ]);
    for (const role of roles) assert.ok(page.includes(`| \`${role ?? ""}\` |`), role);
  });
});

describe("the workflows for GitHub", () => {
  for (const name of ["plan.yml", "migrate.yml"])
    test(`${name} gives the action inputs that it has, and environments that are configured`, () => {
      const { jobs } = workflow.parse(yaml(name));
      const steps = Object.values(jobs).flatMap((job) => job.steps);
      const ours = steps.filter(({ uses }) => uses.startsWith("your-organisation/hasura-migrate@"));
      assert.ok(ours.length > 0);
      for (const { with: inputs = {} } of ours) {
        for (const input of Object.keys(inputs)) assert.ok(input in compositeAction.inputs, input);
        checkEnvironments(String(inputs["environment"]));
      }
    });
});

describe("the pipeline for CircleCI", () => {
  const { orbs, workflows } = circleci.parse(yaml(".circleci/config.yml"));
  const { commands, jobs } = orbs["hasura-migrate"];
  const uses = Object.values(workflows).flatMap(({ jobs: list }) =>
    list.flatMap((job) => Object.entries(job)),
  );

  /** The scripts of a job or command, its parameters filled in, with their variables. */
  function scriptsOf(
    { steps }: z.infer<typeof orb>,
    parameters: Readonly<Record<string, string>>,
  ): { readonly text: string; readonly env: Record<string, string> }[] {
    const fill = (text: string): string =>
      text.replace(/<< parameters\.([\w-]+) >>/g, (_, name: string) => {
        return parameters[name] ?? assert.fail(`no parameter ${name}`);
      });
    return steps.flatMap((step) => {
      const parsed = runStep.safeParse(step);
      if (!parsed.success) return [];
      const { run: wanted } = parsed.data;
      if (typeof wanted === "string") return [{ text: fill(wanted), env: {} }];
      const env = Object.entries(wanted.environment).map(([name, value]) => [name, fill(value)]);
      return [
        { text: fill(wanted.command), env: Object.fromEntries(env) as Record<string, string> },
      ];
    });
  }

  test("gives the jobs of the orb their parameters, and an approval comes before production", () => {
    for (const [name, given] of uses) {
      const job = jobs[name.replace("hasura-migrate/", "")];
      if (job === undefined) continue;
      const parameters = z.looseObject({ environments: z.string().default("--all") }).parse(given);
      for (const [parameter, { default: value }] of Object.entries(job.parameters))
        assert.ok(parameter in Object(given) || value !== undefined, `${name}: ${parameter}`);
      checkEnvironments(parameters.environments);
    }
    const ordered = z.looseObject({
      name: z.string().optional(),
      type: z.string().optional(),
      requires: z.array(z.string()).default([]),
    });
    const listed = uses.map(([name, given]) => ({ name, ...ordered.parse(given) }));
    const prod = listed.find(({ name }) => name === "prod");
    assert.deepEqual(prod?.requires, ["approve-prod"]);
    assert.equal(listed.find(({ name }) => name === "approve-prod")?.type, "approval");
  });

  test("assumes the role by files and variables that the AWS CLI and hasura-migrate read", () => {
    const role = "arn:aws:iam::111122223333:role/x";
    const [first] = scriptsOf(commands["assume-role"] ?? assert.fail(), {
      role,
      region: "eu-west-1",
    });
    const file = join(temporaryDirectory(), "env");
    const job = { ...first?.env, BASH_ENV: file, CIRCLE_WORKFLOW_ID: "w-1" };
    assert.notEqual(run(first?.text ?? "", job).status, 0, "without a token");
    const { status, stderr } = run(first?.text ?? "", {
      ...job,
      CIRCLE_OIDC_TOKEN_V2: "the token",
    });
    assert.equal(status, 0, stderr);
    const { stdout } = spawnSync(
      "bash",
      [
        "-c",
        `. '${file}'; cat "$AWS_WEB_IDENTITY_TOKEN_FILE"; echo "|$AWS_ROLE_ARN|$AWS_REGION|$AWS_ROLE_SESSION_NAME"`,
      ],
      { encoding: "utf8" },
    );
    assert.equal(stdout, `the token|${role}|eu-west-1|circleci-w-1\n`);
  });

  test("deploys, applies and compares the same environments", () => {
    const parameters = {
      ...{ environments: "dev-1 --then dev", arguments: "--wait 30m", project: "hasura" },
      ...{ role: "r", region: "eu-west-1", repository: "1.dkr.ecr.eu-west-1.amazonaws.com/x" },
    };
    const scripts = [commands["deploy-migrations"], jobs["migrate"]].flatMap((each) =>
      scriptsOf(each ?? assert.fail(), parameters),
    );
    const calls = scripts.flatMap(({ text, env }) => {
      const ran = run(text, { ...env, CIRCLE_SHA1: "4c6ea1a" });
      assert.equal(ran.status, 0, ran.stderr);
      return ran.calls;
    });
    assert.equal(calls[0]?.[0], "clone");
    assert.deepEqual(calls.slice(1), [
      ["--repository", parameters.repository, "--project", "hasura", "--commit", "4c6ea1a"].concat([
        "dev-1",
        "--then",
        "dev",
      ]),
      ["--yes", published, "apply", "dev-1", "--then", "dev", "--wait", "30m", "--json"],
      ["--yes", published, "status", "dev-1", "--then", "dev"],
    ]);
  });

  test("plans, and fails where the plan fails", () => {
    const [plan] = scriptsOf(jobs["plan"] ?? assert.fail(), {
      ...{ environments: "--all", project: "hasura", role: "r", region: "r" },
    });
    const text = plan?.text.replaceAll("/tmp/", "./") ?? "";
    const ran = run(text, plan?.env ?? {});
    assert.deepEqual(ran.calls, [["--yes", published, "plan", "--all", "--markdown"]]);
    assert.equal(run(text, plan?.env ?? {}, "exit 4").status, 4);
  });
});

describe("the pipeline for GitLab", () => {
  const file = z.record(z.string(), z.unknown()).parse(yaml(".gitlab-ci.yml"));
  const jobOf = (name: string): z.infer<typeof gitlabJob> => {
    const job = gitlabJob.parse(file[name]);
    if (job.extends === undefined) return job;
    const base = jobOf(job.extends);
    const own = (key: "before_script" | "script" | "after_script") =>
      job[key].length > 0 ? job[key] : base[key];
    return {
      ...{ ...base, ...job, variables: { ...base.variables, ...job.variables } },
      ...{ before_script: own("before_script"), script: own("script") },
      after_script: own("after_script"),
    };
  };
  /** A script with what it refers to, for a runner whose files are in the working directory. */
  const textOf = (lines: z.infer<typeof script>): string =>
    lines
      .flatMap((line) => (typeof line === "string" ? [line] : jobOf(line[0] ?? "").before_script))
      .join("\n")
      .replaceAll("/opt/hasura-migrate", "$HOME/hasura-migrate");

  for (const [name, environments, more] of [
    ["staging", ["dev-1", "--then", "dev", "--then", "staging"], []],
    ["prod", ["prod"], ["--yes=prod"]],
  ] as const)
    test(`${name} writes the token, deploys, applies and compares`, () => {
      const job = jobOf(name);
      checkEnvironments(job.variables["ENVIRONMENTS"] ?? "");
      const token = join(temporaryDirectory(), "token");
      const env = {
        ...{ ...job.variables, AWS_WEB_IDENTITY_TOKEN_FILE: token },
        ...{ AWS_ID_TOKEN: "the token", CI_COMMIT_SHA: "4c6ea1a" },
      };
      const before = run(textOf(job.before_script), env);
      assert.equal(before.status, 0, before.stderr);
      assert.equal(readFileSync(token, "utf8"), "the token");
      assert.deepEqual(
        before.calls.map(([first]) => first),
        ["add", "clone"],
      );
      const { calls, status, stderr } = run(textOf(job.script), env);
      assert.equal(status, 0, stderr);
      const repository = job.variables["REPOSITORY"] ?? "";
      assert.deepEqual(calls, [
        ["--repository", repository, "--project", "hasura", "--commit", "4c6ea1a", ...environments],
        ["--yes", published, "apply", ...environments, ...more],
      ]);
      assert.deepEqual(run(textOf(job.after_script), env).calls, [
        ["--yes", published, "status", ...environments],
      ]);
    });

  test("keeps the plan for the merge request, and fails where the plan fails", () => {
    const { script: lines, variables } = jobOf("plan");
    const ran = run(textOf(lines), variables, "echo '### plan'\nexit 4");
    assert.equal(ran.status, 4);
    assert.deepEqual(ran.calls, [["--yes", published, "plan", "--all", "--markdown"]]);
    assert.ok(existsSync(join(ran.directory, "hasura/plan.md")));
    assert.equal(run(textOf(lines), variables).status, 0);
  });
});
