import type { Kind } from "../protocol/failure.ts";

/** How a command ended: done, or the kind of a failure that was already shown. Failures that are thrown are shown by main. */
export type CommandResult = "done" | Kind;
