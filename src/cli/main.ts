import type { Ended } from "./ended.ts";
import { runProgram } from "./program.ts";
import type { World } from "./world.ts";

/** One whole command: resolves to the process's exit code, and throws nothing. */
export async function main(world: World): Promise<number> {
  try {
    const ended = await runProgram(world);
    return ended === "done" ? 0 : await codeOf(ended);
  } catch (thrown) {
    const { report } = await import("./output/report.ts");
    return codeOf(report(thrown, world));
  }
}

/** Loaded on demand: `--help` and `--version` end without the schemas that come with failures. */
async function codeOf(ended: Exclude<Ended, "done">): Promise<number> {
  const { exitCode } = await import("../protocol/failure.ts");
  return exitCode[ended];
}
