import type { Version } from "../../protocol/migration.ts";
import type { MigrationStore, Step, StepResult } from "../store/store.ts";

/**
 * Records a squash as applied in place of its parts, without running it. A store that cannot do both at once records the squash
 * first; until the parts are removed, they are applied versions without a file, which are never run again.
 */
export async function recordSquash(
  step: Step,
  parts: readonly Version[],
  store: MigrationStore,
): Promise<StepResult> {
  const notices = [
    `recorded without running it, because ${parts.length === 1 ? "the version" : `the ${String(parts.length)} versions`} that it squashes had been applied`,
  ];
  if (store.replace) {
    const result = await store.replace(step, parts);
    return result.outcome === "done" ? { ...result, notices } : result;
  }
  try {
    await store.mark([{ version: step.version, checksum: step.checksum }], "applied");
    await store.mark(
      parts.map((version) => ({ version })),
      "pending",
    );
  } catch (error) {
    return { outcome: "failed", error };
  }
  return { outcome: "done", notices };
}
