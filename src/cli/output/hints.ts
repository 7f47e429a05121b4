import type { Failure, FailureData } from "../../protocol/failure.ts";
import type { Hint } from "../../protocol/hint.ts";
import type { Environment } from "../context.ts";
import type { CommandLine } from "../options/command-line.ts";
import { withTargetOptions, program, quoted, repeatedCommand } from "./suggested-command.ts";

/**
 * A hint ready to be shown: references to the typed command are resolved, every command can be pasted, and it contains no
 * secret. It is itself a `Hint`, so a failure can carry it; `text` is the whole hint on one line.
 */
export type ResolvedHint =
  | { readonly kind: "text"; readonly text: string }
  | {
      readonly kind: "command";
      readonly argv: string[];
      readonly reason?: string;
      readonly text: string;
    };

/**
 * Hints with their commands completed from the command line: options that select what a command acts on (`--endpoint-url`,
 * `--profile`, `--config` …) are repeated where the printed command takes them. `env` has the environment variables.
 */
export function resolveHints(
  hints: readonly Hint[],
  commandLine: CommandLine,
  env: Environment,
): ResolvedHint[] {
  return hints.map((hint) => {
    switch (hint.kind) {
      case "text":
        return hint;
      case "command":
        return resolved(
          hint.argv[0] === program ? withTargetOptions(hint.argv, commandLine, env) : hint.argv,
          hint.reason,
        );
      case "retry":
        return resolved(repeatedCommand(hint, commandLine, env), hint.reason);
    }
  });
}

/** The same failure with resolved hints. */
export function withResolvedHints(
  failure: Failure,
  commandLine: CommandLine,
  env: Environment,
): Failure {
  return failure.with({ hints: resolveHints(failure.hints, commandLine, env) });
}

/** The same failure, as it travels, with resolved hints. */
export function dataWithResolvedHints(
  failure: FailureData,
  commandLine: CommandLine,
  env: Environment,
): FailureData {
  return { ...failure, hints: resolveHints(failure.hints, commandLine, env) };
}

/** A resolved hint in parts, for a view that gives a command its own line. */
export function hintParts(hint: Hint): {
  readonly text?: string;
  readonly reason?: string;
  readonly command?: string;
} {
  if (hint.kind === "text") return { text: hint.text };
  const words = hint.kind === "command" ? hint.argv : [program, "…", ...hint.with];
  return {
    command: words.map(quoted).join(" "),
    ...(hint.reason !== undefined && { reason: hint.reason }),
  };
}

/** A resolved hint on one line. */
export function hintText(hint: Hint): string {
  const { text, reason, command = "" } = hintParts(hint);
  return text ?? (reason === undefined ? command : `${reason}: ${command}`);
}

function resolved(argv: readonly string[], reason: string | undefined): ResolvedHint {
  const hint = {
    kind: "command" as const,
    argv: [...argv],
    ...(reason !== undefined && { reason }),
  };
  return { ...hint, text: hintText(hint) };
}
