import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "vitest";
import { main } from "../../../src/cli/main.ts";
import { decodeUpload } from "../../../src/lambda/upload/decode-upload.ts";
import { contractVersion } from "../../../src/protocol/version.ts";
import { Request } from "../../../src/protocol/request.ts";
import { migrationsOf, projectOnDisk } from "../../engine/support/run.ts";
import { lambdaStandIn, streams, type Answer } from "../../support/lambda-stand-in.ts";
import { failedRun, finished, plan, started } from "../../support/run-events.ts";
import { testContext } from "../../support/test-context.ts";
import { keys } from "../../support/aws-keys.ts";

const inventory = (more: object = {}): object => ({
  type: "inventory",
  ...{ sources: ["image", "upload"], protected: false, digest: "d".repeat(64), configVersion: 3 },
  databases: [{ database: "default", versions: [], digests: [], applied: [] }],
  ...more,
});
const answered = (more: object = {}): Answer => streams([started(), inventory(more), finished(0)]);
const refused = (code: string): Answer =>
  streams([failedRun({ kind: "usage", code, message: `Refused: ${code}.` })]);

/** `dev-3 --from` with a project of two migrations; the requests that the function got. */
async function apply(
  t: TestContext,
  answers: readonly Answer[],
  {
    argv = ["dev-3", "--from", "."],
    config,
  }: { readonly argv?: string[]; readonly config?: object } = {},
) {
  const cwd = await projectOnDisk(t, migrationsOf(["1_a", "2_b"]));
  if (config) writeFileSync(join(cwd, "hasura-migrate.json"), JSON.stringify(config));
  const lambda = await lambdaStandIn(t, answers);
  const context = testContext(t, {
    argv,
    cwd,
    env: { ...keys, AWS_ENDPOINT_URL_LAMBDA: lambda.url },
  });
  const exit = await main(context);
  const requests = lambda.calls.map(({ body }) => Request.parse(JSON.parse(body)));
  return { context, exit, requests, cwd };
}

describe("a run with --from", () => {
  test("asks for the inventory, then sends what is missing", async (t) => {
    const { exit, requests, context } = await apply(t, [
      answered(),
      streams([
        started("dev-3", {
          migrationSource: "upload",
          upload: {
            directory: "shop/hasura",
            branch: "add-coupons",
            commit: "4c6ea1a",
            dirty: true,
          },
        }),
        plan([]),
        finished(0),
      ]),
    ]);
    assert.equal(exit, 0, context.err.text);
    assert.deepEqual(
      requests.map(({ operation }) => operation),
      ["inventory", "apply"],
    );
    const [, request] = requests;
    assert(request?.operation === "apply" && request.upload);
    assert.equal(request.contract, contractVersion);
    const { migrations, image } = decodeUpload(request.upload);
    assert.deepEqual(
      [migrations.map(({ version }) => version), image],
      [["1", "2"], "d".repeat(64)],
    );
    assert.match(
      context.err.text,
      /· uploaded from shop\/hasura \(add-coupons, 4c6ea1a, uncommitted changes\) · image 4c6ea1a/,
    );
  });

  test("is repeated if an image was deployed meanwhile", async (t) => {
    const changed = failedRun({ kind: "busy", code: "image-changed", message: "It has changed." });
    const { exit, requests, context } = await apply(t, [
      answered(),
      streams([started(), changed]),
      answered({ digest: "e".repeat(64) }),
      streams([started(), plan([]), finished(0)]),
    ]);
    assert.equal(exit, 0, context.err.text);
    const images = requests.flatMap((request) =>
      "upload" in request && request.upload ? [decodeUpload(request.upload).image[0]] : [],
    );
    assert.deepEqual(images, ["d", "e"]);
    assert.doesNotMatch(context.err.text, /It has changed/);
  });

  test("is what the configuration sets, unless --image is given", async (t) => {
    const config = { environments: { "dev-3": { function: "f", source: "local" } } };
    const run = streams([started(), plan([]), finished(0)]);
    const uploaded = await apply(t, [answered(), run], { argv: ["dev-3"], config });
    assert.equal(uploaded.requests.length, 2);
    const image = await apply(t, [run], { argv: ["dev-3", "--image"], config });
    assert.equal(image.requests.length, 1);
  });

  const marking = ["mark", "dev-3", "1", "--applied", "--from", "."];

  test("that only records versions sends the files of these, if the function takes them", async (t) => {
    const { exit, requests, context } = await apply(
      t,
      [answered({ uploadOperations: ["apply", "mark"] }), streams([started(), finished(0)])],
      { argv: marking },
    );
    assert.equal(exit, 0, context.err.text);
    const [, request] = requests;
    assert(request?.operation === "mark" && request.upload);
    assert.deepEqual(
      decodeUpload(request.upload).migrations.map(({ version }) => version),
      ["1"],
    );
  });

  test("that only records versions is not sent to a function from before that", async (t) => {
    const { exit, requests, context } = await apply(t, [answered()], { argv: marking });
    assert.equal(exit, 2);
    assert.equal(requests.length, 1);
    assert.match(
      context.err.text,
      /too old to accept uploaded migrations for mark; nothing was run[^]*newer image[^]*hasura-migrate mark dev-3 1 --applied --image/,
    );
  });

  const refusals: [what: string, answers: Answer[], code: number, says: RegExp][] = [
    [
      "a function from before uploads",
      [refused("unknown-operation")],
      2,
      /too old to accept uploaded migrations[^]*newer image[^]*hasura-migrate dev-3 --image/,
    ],
    [
      "an environment that allows no uploads",
      [answered({ sources: ["image"] })],
      2,
      /dev-3 does not accept uploaded migrations[^]*HASURA_MIGRATE_SOURCES=image,upload /,
    ],
    [
      "a protected environment that allows no uploads",
      [answered({ sources: ["image"], protected: true })],
      2,
      /HASURA_MIGRATE_SOURCES=image,upload,upload-when-protected/,
    ],
    [
      "an inventory without its end",
      [answered({ more: true })],
      4,
      /did not report its migrations/,
    ],
    ["a caller without permission", [refused("operation-not-allowed")], 2, /operation-not-allowed/],
  ];
  for (const [what, answers, code, says] of refusals) {
    test(`ends without an upload: ${what}`, async (t) => {
      const { exit, context } = await apply(t, answers);
      assert.match(context.err.text, says);
      assert.equal(exit, code);
    });
  }

  const local: [what: string, argv: string[], says: RegExp][] = [
    ["--from and --image", ["dev-3", "--from", ".", "--image"], /cannot be (used|combined)/],
    ["an ECS task", ["dev-3", "--from", ".", "--runner", "ecs"], /ECS task[^]*--runner lambda/],
    ["no directory", ["dev-3", "--from", "./elsewhere"], /elsewhere does not exist/],
  ];
  for (const [what, argv, says] of local) {
    test(`sends nothing with ${what}`, async (t) => {
      const answers = what === "no directory" ? [answered()] : [];
      const { exit, context, requests } = await apply(t, answers, { argv });
      assert.match(context.err.text, says);
      assert.equal(exit, 2);
      assert(requests.every(({ operation }) => operation === "inventory"));
    });
  }
});
