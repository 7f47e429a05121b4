import { Failure } from "../../protocol/failure.ts";
import { retryHint, textHint } from "../../protocol/hint.ts";
import { shortenList } from "../../shorten-list.ts";
import type { PlannedStep } from "./select-steps.ts";

/** Whether uploaded files that differ from the image's may run: `refused` unless `--changed` was given. */
export type Changed = "allowed" | "refused" | "never";

/**
 * Throws `usage/changed-in-upload` if an uploaded file that would run differs from the image's: users of the image would then have a
 * different migration from the one that was applied.
 */
export function refuseChanged(steps: readonly Pick<PlannedStep, "file">[], changed: Changed): void {
  if (changed === "allowed") return;
  const files = steps.filter(({ file }) => file.differsFromImage).map(({ file }) => file.path);
  if (files.length === 0) return;
  const differ =
    files.length === 1 ? "differs from the image's file" : "differ from the image's files";
  throw new Failure(
    "usage",
    "changed-in-upload",
    `Not run: ${shortenList(files)} ${differ} with the same version.`,
    {
      hints: [
        textHint("Give the changed migration a new version, or deploy an image that contains it."),
        ...(changed === "refused"
          ? [retryHint({ with: ["--changed"], reason: "run the files in this directory" })]
          : []),
      ],
    },
  );
}
