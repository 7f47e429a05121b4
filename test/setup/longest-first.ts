import { relative } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Seconds of the long files, for a machine that has not run them yet. */
const usual: Readonly<Record<string, number>> = {
  "test/faults/schedules.test.ts": 147,
  "test/faults/driver.test.ts": 117,
  "test/faults/client.test.ts": 97,
  "test/local/postgres/postgres.test.ts": 77,
  "test/faults/server-crash.test.ts": 76,
  "test/faults/comparison.test.ts": 63,
  "test/faults/network.test.ts": 58,
  "test/e2e/streaming.test.ts": 38,
  "test/faults/kill.test.ts": 26,
};

/** Starts the file first that took the longest last time, of whatever project, so that a run does not end with one long file. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const seconds = new Map(files.map((file) => [file, this.#seconds(file)]));
    return files.toSorted((a, b) => (seconds.get(b) ?? 0) - (seconds.get(a) ?? 0));
  }

  #seconds({ project, moduleId }: TestSpecification): number {
    const path = relative(this.ctx.config.root, moduleId).replaceAll("\\", "/");
    const last = this.ctx.cache.getFileTestResults(`${project.name}:${path}`)?.duration;
    return last === undefined ? (usual[path] ?? 1) : last / 1000;
  }
}
