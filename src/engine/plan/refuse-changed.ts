import { Failure } from "../../protocol/failure.ts";
import { retryHint, textHint } from "../../protocol/hint.ts";
import { shortenList } from "../../shorten-list.ts";
import type { PlannedStep } from "./select-steps.ts";

/** Whether uploaded files may run that the image has with other texts: `refused` unless a person insists. */
export type Changed = "allowed" | "refused" | "never";

/**
 * Throws `usage/changed-in-upload` where an uploaded file would run that the image has with another text: whoever uses the image
 * would have a migration of that version which is not the one that was applied.
 */
export function refuseChanged(steps: readonly Pick<PlannedStep, "file">[], changed: Changed): void {
  if (changed === "allowed") return;
  const files = steps.filter(({ file }) => file.differsFromImage).map(({ file }) => file.path);
  if (files.length === 0) return;
  const differ = files.length === 1 ? "differs from the file" : "differ from the files";
  throw new Failure(
    "usage",
    "changed-in-upload",
    `Not run: ${shortenList(files)} ${differ} that the image has under the same version.`,
    {
      hints: [
        textHint(
          "Give the changed migration a version of its own, or deploy an image that has it.",
        ),
        ...(changed === "refused"
          ? [retryHint({ with: ["--changed"], reason: "run the files of this directory" })]
          : []),
      ],
    },
  );
}
