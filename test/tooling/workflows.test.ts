import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "vitest";
import { parse } from "yaml";
import { compositeAction, stepsOf, workflows, type Workflow } from "./support/actions.ts";
import { npmScripts, read, root } from "./support/repository.ts";

const named = (name: string): Workflow => {
  const found = workflows.get(name);
  assert.ok(found, `there is no workflow ${name}`);
  return found;
};
const commandsOf = (workflow: Workflow): string =>
  stepsOf(workflow)
    .map(({ run }) => run ?? "")
    .join("\n");

/** Everything that a workflow or the action uses: `uses:` of steps and of whole jobs. */
const uses = [
  ...[...workflows].flatMap(([file, workflow]) =>
    [...stepsOf(workflow), ...Object.values(workflow.jobs)].map((part) => ({
      file,
      used: part.uses,
    })),
  ),
  ...compositeAction.runs.steps.map((step) => ({ file: "action.yml", used: step.uses })),
].flatMap(({ file, used }) => (used === undefined ? [] : [{ file, used }]));

describe("every workflow", () => {
  test.each([...workflows])("%s limits its token, and its jobs in time", (_, workflow) => {
    assert.deepEqual(
      workflow.permissions,
      { contents: "read" },
      "what a job needs beyond that is the job's own",
    );
    for (const [name, job] of Object.entries(workflow.jobs)) {
      assert.ok(
        job.uses !== undefined || job["timeout-minutes"] !== undefined,
        `${name} has no timeout-minutes`,
      );
    }
  });

  test("uses third-party actions by commit only, and files of this repository", () => {
    for (const { file, used } of uses) {
      if (used.startsWith("./")) assert.ok(existsSync(join(root, used)), `${file}: ${used}`);
      else assert.match(used, /^[\w.-]+\/[\w./-]+@[0-9a-f]{40}$/, file);
    }
  });

  test("in docs/ci.md uses third-party actions by commit too", () => {
    const used = [...read("docs/ci.md").matchAll(/uses: (.*)$/gm)].map(([, name = ""]) => name);
    assert.ok(used.length >= 6);
    for (const name of used.filter((other) => !other.startsWith("your-organisation/")))
      assert.match(name, /@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  test("names the version of each pinned commit, the same one everywhere", () => {
    const versions = new Map<string, string>();
    const files = [...workflows.keys()].map((name) => `.github/workflows/${name}`);
    for (const file of [...files, "action.yml"]) {
      for (const [line, pinned = "", version] of read(file).matchAll(
        /uses: (\S+@[0-9a-f]{40})(?: # (v\d+\.\d+\.\d+))?/g,
      )) {
        assert.ok(version, `${file}: ${line} names no version`);
        const [action = ""] = pinned.split("@");
        const known = versions.get(action) ?? `${pinned} ${version}`;
        assert.equal(`${pinned} ${version}`, known, file);
        versions.set(action, known);
      }
    }
    assert.ok(versions.size >= 5);
  });

  test("passes text from outside through the environment, never inside a script", () => {
    const scripts = [...workflows.values()].flatMap(stepsOf).concat(compositeAction.runs.steps);
    for (const { run = "" } of scripts) assert.doesNotMatch(run, /\$\{\{/);
  });

  test("calls npm scripts that exist", () => {
    const scripts = npmScripts();
    for (const [file, text] of [
      ...[...workflows].map(([name, workflow]) => [name, commandsOf(workflow)] as const),
      [".ci/run", read(".ci/run")] as const,
      ["CONTRIBUTING.md", read("CONTRIBUTING.md")] as const,
    ]) {
      for (const [, script = ""] of text.matchAll(/npm run (?:--silent )?([a-z][\w:]*)/g)) {
        assert.ok(
          scripts.has(script),
          `${file} names npm run ${script}, which package.json does not have`,
        );
      }
    }
  });
});

test("ci runs .ci/run on every supported Node, and tries the release", () => {
  const ci = named("ci.yml");
  const { jobs } = parse(read(".github/workflows/ci.yml")) as {
    jobs: { check: { strategy: { matrix: { node: number[] } } } };
  };
  assert.ok(stepsOf(ci).some(({ run }) => run === ".ci/run"));
  assert.deepEqual(jobs.check.strategy.matrix.node, [20, 22, 24]);
  assert.equal(Number(read(".node-version")), jobs.check.strategy.matrix.node[0]);
  assert.match(commandsOf(ci), /^npm publish --dry-run$/m);
  const builds = stepsOf(ci).filter(({ uses: used = "" }) =>
    used.startsWith("docker/build-push-action@"),
  );
  assert.deepEqual(
    builds.map((step) => step.with["push"]),
    [false],
  );
});

describe("a release", () => {
  const release = named("release.yml");

  test("starts from a version tag, after the checks", () => {
    const { on, jobs } = parse(read(".github/workflows/release.yml")) as {
      on: unknown;
      jobs: Record<string, { needs?: string[]; uses?: string }>;
    };
    assert.deepEqual(on, { push: { tags: ["v*"] } });
    assert.equal(jobs["checks"]?.uses, "./.github/workflows/ci.yml");
    for (const name of ["npm", "image"]) assert.deepEqual(jobs[name]?.needs, ["checks", "hasura"]);
  });

  test("publishes with provenance, by a token that can do nothing else", () => {
    assert.match(commandsOf(release), /^npm publish --provenance --access public$/m);
    assert.deepEqual(release.jobs["npm"]?.permissions, { contents: "read", "id-token": "write" });
    assert.deepEqual(release.jobs["image"]?.permissions, { contents: "read", packages: "write" });
  });

  test("pushes an image that Lambda accepts: one architecture, no attestations", () => {
    const build = stepsOf(release).find(({ uses: used = "" }) =>
      used.startsWith("docker/build-push-action@"),
    );
    assert.equal(build?.with["provenance"], false);
    assert.equal(build.with["sbom"], false);
    assert.equal(build.with["file"], "docker/Dockerfile");
  });

  test("publishes an image without migrations, so that the sample reaches nobody's database", () => {
    for (const workflow of [release, named("ci.yml")]) {
      const build = stepsOf(workflow).find(({ uses: used = "" }) =>
        used.startsWith("docker/build-push-action@"),
      );
      assert.match(String(build?.with["build-args"]), /^MIGRATIONS=docker\/empty-project$/m);
    }
    assert.deepEqual(readdirSync(join(root, "docker/empty-project")), ["config.yaml"]);
  });
});

test("the Hasura workflow tests the server of docker/compose.yaml with its own secret", () => {
  const { jobs } = parse(read(".github/workflows/hasura.yml")) as {
    jobs: { hasura: { env: Record<string, string>; strategy: { matrix: { hasura: string[] } } } };
  };
  const { env } = jobs.hasura;
  const compose = read("docker/compose.yaml");
  for (const name of ["HASURA_VERSION", "HASURA_ADMIN_SECRET"])
    assert.ok(compose.includes(`\${${name}:-`), name);
  assert.equal(env["HASURA_TEST_SECRET"], env["HASURA_ADMIN_SECRET"]);
  assert.match(
    compose,
    new RegExp(`"127\\.0\\.0\\.1:${new URL(env["HASURA_TEST_ENDPOINT"] ?? "").port}:8080"`),
  );
  assert.ok(jobs.hasura.strategy.matrix.hasura.length >= 2);
  const commands = commandsOf(named("hasura.yml"));
  assert.match(commands, /docker compose -f docker\/compose\.yaml up .*hasura/);
  assert.match(commands, /^npm run test:hasura$/m);
});

test("mutation and fault tests run every night", () => {
  const nightly = named("mutate.yml");
  assert.ok("schedule" in nightly.on);
  assert.match(commandsOf(nightly), /^npm run mutate$/m);
  assert.match(commandsOf(nightly), /^npm run torture -- "\$SCHEDULES"$/m);
});

test("issue templates and dependabot.yml parse", () => {
  for (const name of readdirSync(join(root, ".github/ISSUE_TEMPLATE"))) {
    assert.equal(typeof parse(read(`.github/ISSUE_TEMPLATE/${name}`)), "object", name);
  }
  const { updates } = parse(read(".github/dependabot.yml")) as {
    updates: { "package-ecosystem": string }[];
  };
  assert.deepEqual(
    updates.map((update) => update["package-ecosystem"]),
    ["npm", "github-actions", "docker"],
  );
});
