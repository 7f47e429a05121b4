import * as z from "zod";

/** A command line that can be pasted: the program, then its arguments. */
const Argv = z.array(z.string()).min(1);

/**
 * What to do next, as data. Only the client puts it into words, because only the client knows what the person typed:
 * text · a command, with the reason to run it · the same command again, with or without some of its options.
 */
export const Hint = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("text"), text: z.string() }),
  z.object({ kind: z.literal("command"), argv: Argv, reason: z.string().optional() }),
  z.object({
    kind: z.literal("retry"),
    /** Options to add, each as it is typed: `--yes=prod`, `--wait 10m` as two words. */
    with: z.array(z.string()).default([]),
    /** Options to leave out, by their long names. */
    without: z.array(z.string()).default([]),
    reason: z.string().optional(),
  }),
]);
export type Hint = z.infer<typeof Hint>;

/** Hints as they arrive. A kind that only a newer function knows is left out. */
export const ReceivedHints = z.array(z.unknown()).transform((hints) =>
  hints.flatMap((hint) => {
    const known = Hint.safeParse(hint);
    return known.success ? [known.data] : [];
  }),
);

/** A sentence. */
export function textHint(text: string): Hint {
  return { kind: "text", text };
}

/** A command of any program: `commandHint(["aws", "sso", "login"], "log in again")`. */
export function commandHint(argv: readonly [string, ...string[]], reason?: string): Hint {
  return { kind: "command", argv: [...argv], ...(reason !== undefined && { reason }) };
}

/** A command of this program, without its name: `runHint(["status", "dev-1"])`. The client adds the options that were typed. */
export function runHint(args: readonly string[], reason?: string): Hint {
  return commandHint(["hasura-migrate", ...args], reason);
}

/** The command that was typed, again. */
export function retryHint(
  change: {
    readonly with?: readonly string[];
    readonly without?: readonly string[];
    readonly reason?: string;
  } = {},
): Hint {
  const { with: added = [], without = [], reason } = change;
  return {
    kind: "retry",
    with: [...added],
    without: [...without],
    ...(reason !== undefined && { reason }),
  };
}

/** True for a command of this program with this name. */
export function isCommandOf(hint: Hint, name?: string): boolean {
  if (hint.kind !== "command" || hint.argv[0] !== "hasura-migrate") return false;
  return name === undefined || hint.argv[1] === name;
}
