import type { CliContext } from "../context.ts";

/**
 * Why there can be no prompt, as the second half of a sentence; undefined if there is a person at a terminal. `json`: what is
 * asked for could be given on the command line, so a program that reads the output is not kept waiting.
 */
export function whyNobodyIsAsked(
  { env: { CI }, keyboard, err }: Pick<CliContext, "env" | "keyboard" | "err">,
  json = false,
): string | undefined {
  if (json) return "but --json never prompts";
  if (CI !== undefined && CI !== "" && CI !== "false") return "but there are no prompts in CI";
  return keyboard.isTTY && err.isTTY ? undefined : "but there is no terminal to prompt in";
}

/** The same context for work beside a person's own: nobody is asked anything, and what needs a login fails. */
export function withoutPrompts<C extends CliContext>(context: C): C {
  return { ...context, keyboard: { ...context.keyboard, isTTY: false } };
}
