import assert from "node:assert/strict";
import { chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "vitest";
import { freshDirectory } from "../support/postgres.ts";
import { dockerFile, run, standIns, type Ran } from "./support/program.ts";

const pinned = readFileSync(dockerFile("Dockerfile"), "utf8");
const debian = /BASE_IMAGE=(\S+@(sha256:[0-9a-f]{64}))$/m.exec(pinned);
assert.ok(debian?.[1] !== undefined && debian[2] !== undefined);
const [, debianImage, debianDigest] = debian;

/** Runs `docker/check images` on a copy of docker/, with a Docker whose registry answers like this. */
async function checkImages(
  t: TestContext,
  { docker = "exit 1", dockerfile = pinned }: { docker?: string; dockerfile?: string },
): Promise<Ran> {
  const repository = await freshDirectory(t);
  mkdirSync(join(repository, "docker"));
  for (const name of ["check", "compose.yaml"])
    cpSync(dockerFile(name), join(repository, "docker", name));
  chmodSync(join(repository, "docker/check"), 0o755);
  writeFileSync(join(repository, "docker/Dockerfile"), dockerfile);
  const bin = await standIns(t, { docker });
  return run(join(repository, "docker/check"), ["images"], {
    PATH: `${bin}:${process.env["PATH"] ?? ""}`,
    HOME: repository,
  });
}

/** A buildx whose tags all point to one digest. */
const registryAt = (digest: string): string => `[ "$4" = --format ] && echo '${digest}'\nexit 0`;

describe("docker/check images", () => {
  test("fails for an image without a digest, with or without a registry", async (t) => {
    const dockerfile = pinned.replace(debianImage, debianImage.replace(/@.*/, ""));
    const { code, stdout } = await checkImages(t, { dockerfile });
    assert.equal(code, 1);
    assert.match(
      stdout,
      /^FAILED: docker\/Dockerfile: docker\.io\/library\/debian:\S+ is not pinned by digest$/m,
    );
  });

  test("skips the registry without docker buildx", async (t) => {
    const { code, stdout } = await checkImages(t, {});
    assert.equal(code, 0);
    assert.equal(stdout.match(/^skipped: docker\.io\/library\/.*no docker buildx/gm)?.length, 3);
  });

  test("skips a registry that does not answer", async (t) => {
    const docker = '[ "$2" = version ] && exit 0\necho "dial tcp: i/o timeout" >&2\nexit 1';
    const { code, stdout } = await checkImages(t, { docker });
    assert.equal(code, 0);
    assert.equal(stdout.match(/^skipped: .*the registry did not answer/gm)?.length, 3);
  });

  test("fails for a digest that the registry does not have", async (t) => {
    const docker = '[ "$2" = version ] && exit 0\necho "ERROR: not found" >&2\nexit 1';
    const { code, stdout } = await checkImages(t, { docker });
    assert.equal(code, 1);
    assert.ok(stdout.includes(`FAILED: the registry has no ${debianImage}\n`));
  });

  test("warns only if a tag has moved on", async (t) => {
    const { code, stdout } = await checkImages(t, { docker: registryAt(debianDigest) });
    assert.equal(code, 0);
    assert.ok(stdout.includes(`checked: ${debianImage}\n`));
    assert.match(
      stdout,
      /^warning: docker\.io\/library\/node:\S+ is now sha256:\w+; docker\/ pins sha256:\w+$/m,
    );
  });

  test("refuses a check that does not exist", async (t) => {
    const { code, stderr } = await run(dockerFile("check"), ["image"], {
      HOME: await freshDirectory(t),
    });
    assert.equal(code, 2);
    assert.match(stderr, /there is no check named image/);
  });
});
