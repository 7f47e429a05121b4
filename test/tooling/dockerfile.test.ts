import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "vitest";
import { parse } from "yaml";
import * as z from "zod";
import { workflows, stepsOf } from "./support/actions.ts";
import { declaredNames, parseDockerfile } from "./support/dockerfile.ts";
import { recordedCalls, recordingProgram, temporaryDirectory } from "./support/run-step.ts";
import { read, root } from "./support/repository.ts";

const { globals, stages } = parseDockerfile(read("docker/Dockerfile"));
const instructions = stages.flatMap((stage) => stage.instructions);
const last = stages.at(-1)?.instructions ?? [];
const textsOf = (name: string): string[] =>
  last.filter((instruction) => instruction.name === name).map(({ text }) => text);

const dependencies = z.record(z.string(), z.string());
const manifestFile = z.object({ dependencies });
const lockFile = z.object({
  packages: z.record(
    z.string(),
    z.object({
      version: z.string().optional(),
      integrity: z.string().optional(),
      dependencies: dependencies.optional(),
    }),
  ),
});

/** The arguments that a script of docker/ receives when the build runs it, with these values of the build arguments. */
function argumentsOf(script: string, values: Readonly<Record<string, string>>): string[] {
  const run = instructions.find(
    ({ name, text }) => name === "RUN" && text.includes(`sh docker/${script} `),
  );
  assert.ok(run, `no RUN calls docker/${script}`);
  const directory = temporaryDirectory();
  const record = join(directory, "record");
  recordingProgram(join(directory, "sh"), record);
  const { status } = spawnSync("/bin/sh", ["-c", run.text], {
    cwd: directory,
    env: { PATH: `${directory}:${process.env["PATH"] ?? ""}`, ...values },
  });
  assert.equal(status, 0);
  assert.equal(existsSync(join(directory, "pwned")), false);
  const [[path, ...rest] = []] = recordedCalls(record);
  assert.equal(path, `docker/${script}`);
  return rest;
}

describe("the image", () => {
  test("does not run as root, but as the user that the entry point prepares", () => {
    assert.deepEqual(textsOf("USER"), ["sbx_user1051"]);
    assert.match(read("docker/entry-point"), /^user=sbx_user1051$/m);
    const user = last.findIndex(({ name }) => name === "USER");
    assert.deepEqual(
      last.slice(user + 1).map(({ name }) => name),
      ["ENTRYPOINT", "CMD"],
      "nothing changes the image after USER",
    );
  });

  test("starts the entry point with the handler, without a shell in between", () => {
    assert.deepEqual(
      textsOf("ENTRYPOINT").map((text): unknown => JSON.parse(text)),
      [["/usr/local/bin/entry-point"]],
    );
    assert.deepEqual(
      textsOf("CMD").map((text): unknown => JSON.parse(text)),
      [["index.runMigrations"]],
    );
    assert.ok(
      textsOf("COPY").includes("--chmod=0755 docker/entry-point /usr/local/bin/entry-point"),
    );
    assert.match(read("src/lambda/index.ts"), /^export const runMigrations\b/m);
  });

  test("works in the function's directory, and passes it to the entry point", () => {
    assert.deepEqual(textsOf("WORKDIR"), ["${FUNCTION_DIR}"]);
    assert.match(textsOf("ENV").join(" "), /(^| )FUNCTION_DIR=\$\{FUNCTION_DIR\}( |$)/);
    assert.match(textsOf("ENV").join(" "), /(^| )NODE_ENV=production( |$)/);
  });

  test("is prepared for its user after Node is installed, and before the handler", () => {
    const order = last
      .filter(({ name }) => name === "COPY" || name === "RUN")
      .map(({ text }) => text);
    assert.deepEqual(order, [
      "--from=tools /image/certificates/ /",
      "--from=client /image/node/ /",
      "--chmod=0755 docker/entry-point /usr/local/bin/entry-point",
      "--from=client /image/more/ /",
      'FUNCTION_DIR="${FUNCTION_DIR}" entry-point --prepare-image',
      "--from=handler /image/function/ /",
      "--from=handler /image/migrations/ /",
    ]);
  });

  test("records the commit it was built from, after all layers that are worth caching", () => {
    assert.match(
      textsOf("ENV").join("\n"),
      /^GIT_COMMIT=\$\{GIT_COMMIT\} BUILT_AT=\$\{BUILT_AT\}$/m,
    );
    assert.match(
      textsOf("LABEL").join(),
      /org\.opencontainers\.image\.revision="\$\{GIT_COMMIT\}"/,
    );
    assert.match(textsOf("LABEL").join(), /org\.opencontainers\.image\.created="\$\{BUILT_AT\}"/);
    const commit = last.findIndex(
      ({ name, text }) => name === "ARG" && text.startsWith("GIT_COMMIT"),
    );
    const copied = last.findLastIndex(({ name }) => name === "COPY");
    assert.ok(commit > copied);
    for (const stage of stages.slice(0, -1))
      assert.ok(!declaredNames(stage.instructions).includes("GIT_COMMIT"));
  });
});

describe("a build argument", () => {
  test("is declared in each stage that uses it", () => {
    const known = new Set(["PATH", "HOME"]);
    for (const { name, base, instructions: own } of stages) {
      for (const [, used = ""] of base.matchAll(/\$\{(\w+)\}/g))
        assert.ok(declaredNames(globals).includes(used), used);
      own.forEach(({ text }, index) => {
        const declared = new Set([...known, ...declaredNames(own.slice(0, index))]);
        for (const [, used = ""] of text.matchAll(/\$\{(\w+)/g)) {
          assert.ok(
            declared.has(used),
            `${name ?? "the last stage"} uses ${used} without ARG ${used}: ${text}`,
          );
        }
      });
    }
  });

  test("has the same default in every stage", () => {
    const defaults = new Map<string, string>();
    for (const { name, text } of [...globals, ...instructions].filter(
      (instruction) => instruction.name === "ARG",
    )) {
      const [argument = ""] = text.split("=");
      assert.equal(text, defaults.get(argument) ?? text, name);
      defaults.set(argument, text);
    }
    assert.equal(defaults.get("FUNCTION_DIR"), "FUNCTION_DIR=/home/sbx_user1051");
  });

  test("is described in docs/docker.md, and is one that the Dockerfile knows", () => {
    const known = new Set(
      declaredNames([...globals, ...instructions.filter(({ name }) => name === "ARG")]),
    );
    const page = read("docs/docker.md");
    for (const name of known)
      assert.ok(page.includes(`\`${name}\``), `docs/docker.md does not describe ${name}`);
    const compose = parse(read("docker/compose.yaml")) as {
      services: { function: { build: { args: object } } };
    };
    const passed = [
      ...[
        ...read("docker/deploy")
          .replace(/^#.*$/gm, "")
          .matchAll(/--build-arg ([A-Z_]+)=/g),
      ].map(([, name = ""]) => name),
      ...Object.keys(compose.services.function.build.args),
      ...[...workflows.values()]
        .flatMap(stepsOf)
        .flatMap((step) =>
          [...String(step.with["build-args"] ?? "").matchAll(/^(\w+)=/gm)].map(
            ([, name = ""]) => name,
          ),
        ),
    ];
    assert.ok(passed.length >= 5);
    for (const name of passed) assert.ok(known.has(name), `the Dockerfile has no ARG ${name}`);
  });

  // The scripts' own tests check what they do with the arguments; these check that the build passes them in that order.
  const values = Object.fromEntries(
    [
      "domain",
      "ENTRY",
      "RIC_VERSION",
      "FUNCTION_DIR",
      "HASURA_CLI_VERSION",
      "HASURA_CLI_SHA256",
      "HASURA_CLI_MIRROR",
      "HASURA_CLI_REPORTED_VERSION",
      "HASURA_CLI_ALLOW_UNVERIFIED",
    ]
      .concat("EMULATOR", "MIGRATIONS", "METADATA")
      .map((name) => [name, `/${name} "'; touch pwned; $(touch pwned)`]),
  );
  const value = (name: string): string => values[name] ?? "";
  test.each([
    ["install-certificates", ["docker/certificates", "/image/certificates", value("domain")]],
    ["install-node", [value("ENTRY"), value("RIC_VERSION"), "/image/node", value("FUNCTION_DIR")]],
    [
      "install-hasura-cli",
      [
        value("HASURA_CLI_VERSION"),
        value("HASURA_CLI_SHA256"),
        value("HASURA_CLI_MIRROR"),
        "/image/more",
        value("HASURA_CLI_REPORTED_VERSION"),
        value("HASURA_CLI_ALLOW_UNVERIFIED"),
      ],
    ],
    ["install-emulator", [value("EMULATOR"), "/image/more"]],
    [
      "stage-project",
      [
        "/context",
        value("MIGRATIONS"),
        value("METADATA"),
        `/image/migrations${value("FUNCTION_DIR")}/migrations`,
      ],
    ],
  ])("reaches docker/%s as one word, in the order the script reads", (script, expected) => {
    assert.deepEqual(argumentsOf(script, values), expected);
  });
});

describe("what the build downloads", () => {
  test("comes from images that are pinned by digest", () => {
    const names = [
      ...globals
        .filter(({ text }) => /^\w+_IMAGE=/.test(text))
        .map(({ text }) => text.split("=")[1]),
      ...[...read("docker/compose.yaml").matchAll(/^ *image: (\S+)$/gm)].map(([, name]) => name),
    ];
    assert.equal(names.length, 4);
    for (const name of names) {
      // Its version is an argument, because workflows test several.
      if (name?.includes("${HASURA_VERSION:-")) continue;
      assert.match(
        name ?? "",
        /^docker\.io\/library\/\w+:[0-9a-z.]+[-\w.]*@sha256:[0-9a-f]{64}$/,
        "a full tag for the reader, and the digest",
      );
    }
    for (const { base } of stages)
      if (!stages.some(({ name }) => name === base))
        assert.match(base, /^\$\{(NODE|BASE)_IMAGE\}$/);
  });

  test("includes the interface client only as a lockfile names it", () => {
    const versions = readdirSync(join(root, "docker/aws-lambda-ric"));
    const used = instructions
      .find(({ text }) => text.startsWith("RIC_VERSION="))
      ?.text.split("=")[1];
    assert.ok(used !== undefined && versions.includes(used));
    for (const version of versions) {
      const manifest = manifestFile.parse(
        JSON.parse(read(`docker/aws-lambda-ric/${version}/package.json`)),
      );
      const lock = lockFile.parse(
        JSON.parse(read(`docker/aws-lambda-ric/${version}/package-lock.json`)),
      );
      assert.deepEqual(manifest.dependencies, { "aws-lambda-ric": version });
      assert.equal(lock.packages["node_modules/aws-lambda-ric"]?.version, version);
      assert.deepEqual(lock.packages[""]?.dependencies, manifest.dependencies);
      for (const [path, { integrity }] of Object.entries(lock.packages))
        if (path !== "") assert.match(integrity ?? "", /^sha512-/, path);
    }
  });

  test("installs packages from lockfiles alone", () => {
    const commands = [
      ...instructions.filter(({ name }) => name === "RUN").map(({ text }) => text),
      read("docker/install-node"),
    ].join("\n");
    assert.match(commands, /\bnpm ci\b/);
    assert.doesNotMatch(commands, /\bnpm (i|install|add|exec)\b/);
  });
});

test("stages copy from stages before them, and files that are in the build's context", () => {
  stages.forEach(({ instructions: own }, index) => {
    const before = stages.slice(0, index).map(({ name }) => name);
    for (const { text } of own.filter(({ name }) => name === "COPY")) {
      const from = /--from=(\S+)/.exec(text)?.[1];
      if (from !== undefined) assert.ok(before.includes(from), text);
      else {
        const sources = text
          .split(/\s+/)
          .filter((word) => !word.startsWith("--"))
          .slice(0, -1);
        for (const source of sources)
          assert.ok(existsSync(join(root, source)), `${source}: ${text}`);
      }
    }
  });
});
