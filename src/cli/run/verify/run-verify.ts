import { availableParallelism } from "node:os";
import type { CommandResult } from "../../command-result.ts";
import type { CommandContext } from "../../context.ts";
import type { VerifyOptions } from "../../options/schemas.ts";
import { createVerifyOutput } from "../../output/verify/create-verify-output.ts";
import { projectDirectory } from "../../project/project-directory.ts";

/** Verifies the project in a directory, or the one that contains the working directory. */
export async function runVerify(
  context: CommandContext,
  options: VerifyOptions,
): Promise<CommandResult> {
  const directory = projectDirectory(context, options.directory);
  const output = createVerifyOutput(context, { ...options, directory });
  try {
    const { verify } = await import("../../../verify/index.ts");
    await verify({
      ...options,
      directory,
      processors: availableParallelism(),
      signal: context.interrupts.first,
      now: context.now,
      emit: (event) => output.event(event),
    });
  } finally {
    await output.close();
  }
  return output.result();
}
