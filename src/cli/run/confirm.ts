import { Failure } from "../../protocol/failure.ts";
import { retryHint } from "../../protocol/hint.ts";
import type { CliContext } from "../context.ts";

export interface Confirmation {
  readonly environment: string;
  readonly protected: boolean;
  /** Asked with y/N if the environment is not protected; absent if nothing needs confirming. */
  readonly question?: string;
  /** `true` for a bare `--yes`. */
  readonly yes?: boolean | string | undefined;
  readonly json?: boolean | undefined;
}

/** True if there is a person to ask: input and stderr are terminals, outside CI, without `--json`. */
export function canAsk(context: CliContext, json: boolean | undefined): boolean {
  const { CI } = context.env;
  return (
    context.keyboard.isTTY &&
    context.err.isTTY &&
    json !== true &&
    (CI === undefined || CI === "" || CI === "false")
  );
}

/**
 * Confirms a change with the user, before AWS is contacted. Resolves to the environment's name if it was typed, for the
 * function to check. Throws usage failures whose hint is the missing option, and `interrupted/declined` if the user declines.
 */
export async function confirm(
  context: CliContext,
  confirmation: Confirmation,
): Promise<string | undefined> {
  const { environment, yes, question, json } = confirmation;
  if (typeof yes === "string" && yes !== environment) {
    throw new Failure(
      "usage",
      "yes-mismatch",
      `--yes=${yes} does not match the environment ${environment}.`,
      { hints: [nameHint(environment)] },
    );
  }
  if (yes === environment) return environment;
  if (confirmation.protected) return typedName(context, confirmation);
  if (question === undefined || yes === true) return undefined;
  if (!canAsk(context, json)) {
    throw new Failure(
      "usage",
      "confirmation-needed",
      `Cannot prompt without an interactive terminal: "${question}"`,
      { hints: [retryHint({ with: ["--yes"] })] },
    );
  }
  const answer = await context.keyboard.ask(`${question} [y/N] `);
  if (/^y(es)?$/i.test(answer?.trim() ?? "")) return undefined;
  throw declined();
}

/** Asks for the name of a protected environment. */
async function typedName(
  context: CliContext,
  { environment, yes, json }: Confirmation,
): Promise<string> {
  const hints = [nameHint(environment)];
  if (yes === true)
    throw new Failure(
      "usage",
      "yes-needs-name",
      `${environment} is protected: --yes is not enough; pass the environment's name with it.`,
      { hints },
    );
  if (!canAsk(context, json))
    throw new Failure(
      "usage",
      "confirmation-needed",
      `${environment} is protected, and there is no interactive terminal to confirm in.`,
      { hints },
    );
  context.err.write(`${environment} is protected.\n`);
  const typed = await context.keyboard.ask(`Type ${environment} to continue: `);
  if (typed?.trim() === environment) return environment;
  throw declined();
}

function nameHint(environment: string): ReturnType<typeof retryHint> {
  return retryHint({ with: [`--yes=${environment}`] });
}

function declined(): Failure {
  return new Failure("interrupted", "declined", "Nothing was changed.");
}
