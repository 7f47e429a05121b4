import type { CliContext } from "../context.ts";

/**
 * Why nobody can be asked anything, as the second half of a sentence; undefined if there is a person at a terminal. `json`: what is
 * asked for could be given on the command line, so a program that reads the output is not kept waiting.
 */
export function whyNobodyIsAsked(
  { env: { CI }, keyboard, err }: Pick<CliContext, "env" | "keyboard" | "err">,
  json = false,
): string | undefined {
  if (json) return "and nobody is asked with --json";
  if (CI !== undefined && CI !== "" && CI !== "false") return "and nobody is asked in CI";
  return keyboard.isTTY && err.isTTY ? undefined : "and there is no terminal to ask in";
}
