import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test, type TestContext } from "vitest";
import { migrationsOf, projectOnDisk } from "../engine/support/run.ts";
import { untilGone } from "../support/is-alive.ts";
import { serviceFor, stream } from "../support/lambda-service.ts";
import { freshDirectory } from "../support/postgres.ts";
import { catalogHasura } from "./support/catalog-hasura.ts";
import { request } from "./support/request.ts";

const built = new URL("../../dist/function/index.mjs", import.meta.url).href;

/** The built handler; when its first migration starts, an error is thrown that nothing catches. */
const crashing = (crash: string): string => `
import { runMigrations as handler } from ${JSON.stringify(built)};
let crashed = false;
process.stdout.write("process " + process.pid + "\\n");
export const runMigrations = globalThis.awslambda.streamifyResponse((event, out, context) => {
  const write = out.write.bind(out);
  out.write = (chunk, ...rest) => {
    if (!crashed && String(chunk).includes("migration.started")) {
      crashed = true;
      ${crash}
    }
    return write(chunk, ...rest);
  };
  return handler(event, out, context);
});
`;

async function crashingService(t: TestContext, crash: string) {
  const [directory, hasura] = [await freshDirectory(t), await catalogHasura(t)];
  await writeFile(join(directory, "index.mjs"), crashing(crash));
  const output: string[] = [];
  const { client } = await serviceFor(t, "index", {
    functionDirectory: directory,
    handler: "index.runMigrations",
    env: {
      HASURA_MIGRATE_ENVIRONMENT: "dev-3",
      HASURA_MIGRATE_ENDPOINT: hasura.url,
      HASURA_MIGRATE_LEDGER: "off",
      HASURA_MIGRATE_DIRECTORY: await projectOnDisk(t, migrationsOf(["1_a", "2_b", "3_c"])),
    },
    log: (text) => output.push(text),
  });
  const invoke = async (operation: "apply" | "status") => {
    const { chunks, complete } = await stream(client, request(operation));
    const types = chunks
      .join("")
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { type: string }).type);
    return { types, complete };
  };
  const processes = (): number[] =>
    [...output.join("").matchAll(/^process (\d+)$/gm)].map(([, pid]) => Number(pid));
  return { invoke, hasura, processes, log: () => output.join("") };
}

describe("crash", () => {
  for (const [what, crash, logged] of [
    [
      "an uncaught exception",
      'setImmediate(() => { throw new Error("stray"); });',
      "uncaughtException",
    ],
    ["an unhandled rejection", 'void Promise.reject(new Error("stray"));', "unhandledRejection"],
  ] as const) {
    test(`after ${what} the run is finished, the process ends, and a fresh one serves the next invocation`, async (t) => {
      const { invoke, hasura, processes, log } = await crashingService(t, crash);
      const run = await invoke("apply");
      assert.equal(run.types.filter((type) => type === "migration.applied").length, 3);
      assert.equal(run.types.at(-1), "run.finished");
      assert.deepEqual(run.complete, {}, "the invocation is not a function error");
      assert.deepEqual(hasura.versions(), ["1", "2", "3"]);
      const next = await invoke("status");
      assert.deepEqual(next.types, ["run.started", "status", "run.finished"]);
      const [first, second, ...others] = processes();
      assert.ok(first !== undefined && second !== undefined && first !== second);
      assert.deepEqual(others, []);
      await untilGone([first]);
      assert.match(log(), new RegExp(`${logged}: a bug in hasura-migrate`));
    });
  }
});
