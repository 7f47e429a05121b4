import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "vitest";
import { main } from "../../../src/cli/main.ts";
import { findProjectAbove } from "../../../src/cli/project/find-project.ts";
import type { LocalMigrations } from "../../../src/cli/project/image-drift.ts";
import { ImageComparison } from "../../../src/cli/run/compare-image.ts";
import { keys } from "../../support/aws-keys.ts";
import { lambdaStandIn, streams, type Answer } from "../../support/lambda-stand-in.ts";
import { finished, plan, started, status } from "../../support/run-events.ts";
import { emptyDirectory, instant, testContext } from "../../support/test-context.ts";
import { eventOf } from "./support/runs.ts";

const local: LocalMigrations = new Map([
  ["default", ["100", "900"].map((version) => ({ version, name: "new" }))],
]);

async function compared({
  environment = "dev-3",
  operation = "apply" as "apply" | "mark" | "reset-to",
  readLocal = async (): Promise<LocalMigrations | undefined> => local,
  files = ["100"] as readonly string[] | "unlisted",
  database = undefined as string | undefined,
}): Promise<{ missing: string | undefined; failed?: string; notices: string[] }> {
  const notices: string[] = [];
  const comparison = new ImageComparison({
    ...{ environment, operation, database, readLocal, now: () => instant },
    notice: (line) => notices.push(line),
  });
  comparison.receive(eventOf(started()));
  for (let slice = 0; slice < 3; slice += 1)
    comparison.receive(eventOf(plan([], files === "unlisted" ? {} : { files })));
  return { missing: undefined, ...(await comparison.settled()), notices };
}

const named = (file: string): string =>
  `! 1 local file is not in the image 4c6ea1a, 2 days old: ${file}. Build and deploy an image that contains it, or send it with --from.`;

/** A project with these migrations, and a folder in it. */
function projectWith(t: TestContext, versions: readonly string[]): string {
  const root = emptyDirectory(t);
  writeFileSync(join(root, "config.yaml"), "version: 3\n");
  mkdirSync(join(root, "src/deep"), { recursive: true });
  for (const version of versions) {
    const folder = join(root, `migrations/default/${version}_mine`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "up.sql"), "select 1;");
  }
  return root;
}

describe("compare image", () => {
  test("files that the image lacks are named, older ones than its newest included", async () => {
    assert.equal((await compared({})).missing, named("900_new"));
    assert.equal((await compared({ files: ["900"] })).missing, named("100_new"));
    assert.equal((await compared({ files: ["100", "900"] })).missing, undefined);
  });

  test("files of a database that the function does not know are missing, unless the run is about another one", async () => {
    const two: LocalMigrations = new Map([...local, ["audit", [{ version: "5", name: "log" }]]]);
    const readLocal = async (): Promise<LocalMigrations> => two;
    const files = ["100", "900"];
    assert.equal((await compared({ readLocal, files })).missing, named("5_log"));
    assert.equal((await compared({ readLocal, files, database: "default" })).missing, undefined);
  });

  test("nothing is compared if a function does not list its files", async () => {
    assert.equal((await compared({ files: "unlisted" })).missing, undefined);
  });

  test("nothing is compared for the embedded environment, for an operation that lists no migrations, or for one that wants those of the image", async () => {
    assert.equal((await compared({ environment: "local" })).missing, undefined);
    assert.equal((await compared({ operation: "mark" })).missing, undefined);
    assert.equal((await compared({ operation: "reset-to" })).missing, undefined);
  });

  test("nothing is reported where there is no project", async () => {
    assert.equal((await compared({ readLocal: async () => undefined })).missing, undefined);
  });

  test("files that cannot be read are reported, and the run continues", async () => {
    const readLocal = () => Promise.reject(new Error("EACCES: permission denied"));
    assert.deepEqual(await compared({ readLocal }), {
      ...{ missing: undefined, failed: "bug" },
      notices: [
        "! The local files could not be compared with the image: EACCES: permission denied",
      ],
    });
  });

  test("apply with nothing else to do ends with the files that the image lacks, from any folder of the project", async (t) => {
    const lambda = await lambdaStandIn(t, [
      streams([started(), plan([], { files: ["300"] }), finished(0)]),
    ]);
    const context = testContext(t, {
      argv: ["dev-3", "--no-color"],
      env: { ...keys, AWS_ENDPOINT_URL_LAMBDA: lambda.url },
      cwd: join(projectWith(t, ["100", "300"]), "src/deep"),
      terminal: true,
    });
    assert.equal(await main(context), 0);
    assert.match(context.out.text, /✓ nothing pending, 214 applied\n$/);
    assert.match(
      context.err.text.replaceAll("\n", " "),
      /! 1 local file is not in the image 4c6ea1a, 2 days old: 100_mine\. Build and deploy .*--from\. $/,
    );
    assert.equal(context.err.text.split("100_mine").length, 2);
  });

  test("a project that cannot be read is reported, and does not change how the run ends", async (t) => {
    const lambda = await lambdaStandIn(t, [
      streams([started(), plan([], { files: ["300"] }), finished(0)]),
    ]);
    const cwd = projectWith(t, ["300"]);
    mkdirSync(join(cwd, "migrations/default/300_theirs"));
    writeFileSync(join(cwd, "migrations/default/300_theirs/up.sql"), "select 1;");
    const context = testContext(t, {
      argv: ["dev-3", "--no-color"],
      env: { ...keys, AWS_ENDPOINT_URL_LAMBDA: lambda.url },
      cwd,
    });
    assert.equal(await main(context), 0);
    assert.match(context.err.text, /! The local files could not be compared with the image: .*300/);
  });

  for (const json of [false, true]) {
    test(`status --check${json ? " --json" : ""} exits with 6 for a file that the image lacks`, async (t) => {
      const row = { version: "300", name: "mine", state: "applied", hasDown: false };
      const lambda = await lambdaStandIn(t, [streams([started(), status([row]), finished(0)])]);
      const context = testContext(t, {
        argv: ["status", "dev-3", "--check", ...(json ? ["--json"] : [])],
        env: { ...keys, AWS_ENDPOINT_URL_LAMBDA: lambda.url },
        cwd: join(projectWith(t, ["100", "300"]), "migrations/default"),
      });
      assert.equal(await main(context), 6);
      if (!json) return;
      const last = JSON.parse(context.out.text.trimEnd().split("\n").at(-1) ?? "") as object;
      assert.deepEqual({ ...last, tookMs: 0 }, { ...finished(0, 0), env: "dev-3", exit: 6 });
    });
  }

  for (const environments of [["dev-3"], ["dev-3", "dev-4"]])
    test(`status --check of ${environments.join(" and ")} exits with 2 if the project here cannot be read`, async (t) => {
      const row = { version: "300", name: "mine", state: "applied", hasDown: false };
      const answer: Answer = (response, call) => {
        const { environment } = JSON.parse(call.body) as { environment: string };
        return streams([started(environment), status([row]), finished(0)])(response, call);
      };
      const lambda = await lambdaStandIn(t, [answer, answer]);
      const cwd = projectWith(t, ["300"]);
      writeFileSync(join(cwd, "config.yaml"), "version: [3\n");
      const context = testContext(t, {
        argv: ["status", ...environments, "--check"],
        env: { ...keys, AWS_ENDPOINT_URL_LAMBDA: lambda.url },
        cwd,
      });
      assert.equal(await main(context), 2);
      assert.match(context.out.text, /1 applied/);
      assert.match(context.err.text, /could not be compared with the image: .*config\.yaml/);
    });

  test("a project is looked for upwards: in its repository, else by its config.yaml, never at home", (t) => {
    const home = emptyDirectory(t);
    const plain = join(home, "plain");
    mkdirSync(join(plain, "migrations"), { recursive: true });
    mkdirSync(join(plain, "deep/er"), { recursive: true });
    assert.equal(findProjectAbove(plain, home), plain);
    assert.equal(findProjectAbove(join(plain, "deep/er"), home), undefined);
    mkdirSync(join(plain, ".git"));
    assert.equal(findProjectAbove(join(plain, "deep/er"), home), plain);
    writeFileSync(join(home, "config.yaml"), "version: 3\n");
    mkdirSync(join(home, "other"));
    assert.equal(findProjectAbove(join(home, "other"), home), undefined);
  });
});
