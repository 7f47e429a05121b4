import { createProgram } from "../program.ts";
import { describeProgram } from "./describe-program.ts";
import type { ProgramSyntax } from "./syntax.ts";

/**
 * Every command and option. The build replaces this module by its value (scripts/command-tree.mjs): building the tree would
 * load commander each time Tab is pressed.
 */
export const commandTree: ProgramSyntax = describeProgram(
  createProgram("", { columns: 80, write: () => undefined }),
);
