import { Failure } from "../../protocol/failure.ts";
import { retryHint } from "../../protocol/hint.ts";

/** How often a directory is read if it keeps changing. */
export const mostReads = 3;

/** For a directory that changed each time it was read. */
export function filesChanging(root: string): Failure {
  return new Failure(
    "usage",
    "files-changing",
    `The files in ${root} kept changing while they were read; nothing was sent.`,
    { hints: [retryHint({ reason: "when no program is changing them any more" })] },
  );
}
