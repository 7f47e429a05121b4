import assert from "node:assert/strict";
import { describe, test } from "vitest";
import type { LocalMigrations } from "../../../src/cli/project/image-drift.ts";
import { ImageComparison } from "../../../src/cli/run/compare-image.ts";
import { plan, started } from "../../support/run-events.ts";
import { instant } from "../../support/test-context.ts";
import { eventOf } from "./support/runs.ts";

const local: LocalMigrations = new Map([
  ["default", ["100", "900"].map((version) => ({ version, name: "new" }))],
]);

async function noticesFor({
  environment = "dev-3",
  operation = "apply" as "apply" | "mark",
  readLocal = async (): Promise<LocalMigrations | undefined> => local,
}): Promise<string[]> {
  const notices: string[] = [];
  const comparison = new ImageComparison({
    ...{ environment, operation, readLocal, now: () => instant },
    notice: (line) => notices.push(line),
  });
  comparison.receive(eventOf(started()));
  for (let slice = 0; slice < 3; slice += 1)
    comparison.receive(eventOf(plan([], { newestFile: "100" })));
  await comparison.settled();
  return notices;
}

describe("compare image", () => {
  test("files that the image lacks are reported once, however often the run is planned", async () => {
    assert.deepEqual(await noticesFor({}), [
      "! 1 file here is not in the image 4c6ea1a, 2 days old: 900_new. Build and deploy an image that has them.",
    ]);
  });

  test("nothing is compared for the embedded environment, or for an operation that lists no migrations", async () => {
    assert.deepEqual(await noticesFor({ environment: "local" }), []);
    assert.deepEqual(await noticesFor({ operation: "mark" }), []);
  });

  test("nothing is reported where there is no project", async () => {
    assert.deepEqual(await noticesFor({ readLocal: async () => undefined }), []);
  });

  test("files that cannot be read are reported, and the run continues", async () => {
    const readLocal = () => Promise.reject(new Error("EACCES: permission denied"));
    assert.deepEqual(await noticesFor({ readLocal }), [
      "! The files here could not be compared with the image: EACCES: permission denied",
    ]);
  });
});
