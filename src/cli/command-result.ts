import type { Kind } from "../protocol/failure.ts";

/** How a command ended: done, or the kind of failure, which was already shown. Thrown failures are shown by main. */
export type CommandResult = "done" | Kind;
