import { resolve } from "node:path";
import { Failure } from "../../../protocol/failure.ts";
import { textHint } from "../../../protocol/hint.ts";
import type { CommandResult } from "../../command-result.ts";
import type { CommandContext } from "../../context.ts";
import type { VerifyOptions } from "../../options/schemas.ts";
import { createVerifyOutput } from "../../output/verify/create-verify-output.ts";
import { findProjectAbove, findProjectRoot } from "../../project/find-project.ts";

/** Verifies the project in a directory, or the one that the working directory is in. */
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
      signal: context.interrupts.first,
      now: context.now,
      emit: (event) => output.event(event),
    });
  } finally {
    await output.close();
  }
  return output.result();
}

function projectDirectory({ cwd, home }: CommandContext, named: string | undefined): string {
  if (named !== undefined) {
    const directory = resolve(cwd, named);
    return findProjectRoot(directory) ?? directory;
  }
  const found = findProjectAbove(cwd, home);
  if (found !== undefined) return found;
  throw new Failure(
    "usage",
    "no-project",
    `There is no Hasura project in ${cwd} or above it: no directory has a config.yaml or a migrations directory.`,
    { hints: [textHint("Name its directory: hasura-migrate verify DIRECTORY")] },
  );
}
