import { Failure } from "../../protocol/failure.ts";
import type { CliContext } from "../context.ts";

export interface Confirmation {
  readonly environment: string;
  readonly protected: boolean;
  /** Asked with y/N where the environment is not protected; absent when there is nothing to ask. */
  readonly question?: string;
  /** `true` for a bare `--yes`. */
  readonly yes?: boolean | string | undefined;
  readonly json?: boolean | undefined;
}

/** True when there is a person to ask. A CI with a terminal is still a CI. */
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
 * Makes sure that a change is wanted, before anything is asked of AWS. Resolves to the environment's name where it was said,
 * for the function to check. Throws usage failures whose hint is the flag, and `interrupted/declined` for a no.
 */
export async function confirm(context: CliContext, it: Confirmation): Promise<string | undefined> {
  const { environment, yes } = it;
  if (typeof yes === "string" && yes !== environment) {
    throw new Failure(
      "usage",
      "yes-mismatch",
      `--yes=${yes} does not name the environment, which is ${environment}.`,
      {
        hints: [`--yes=${environment}`],
      },
    );
  }
  if (yes === environment) return environment;
  if (it.protected) return typedName(context, it);
  if (it.question === undefined || yes === true) return undefined;
  if (!canAsk(context, it.json)) {
    throw new Failure("usage", "confirmation-needed", `There is nobody to ask: "${it.question}"`, {
      hints: ["--yes"],
    });
  }
  const answer = await context.keyboard.ask(`${it.question} [y/N] `);
  if (/^y(es)?$/i.test(answer?.trim() ?? "")) return undefined;
  throw declined();
}

async function typedName(
  context: CliContext,
  { environment, yes, json }: Confirmation,
): Promise<string> {
  const hints = [`--yes=${environment}`];
  if (yes === true)
    throw new Failure(
      "usage",
      "yes-needs-name",
      `${environment} is protected; a bare --yes is not enough there.`,
      { hints },
    );
  if (!canAsk(context, json))
    throw new Failure(
      "usage",
      "confirmation-needed",
      `${environment} is protected, and there is nobody to ask.`,
      { hints },
    );
  context.err.write(`${environment} is protected.\n`);
  const typed = await context.keyboard.ask(`Type ${environment} to go on: `);
  if (typed?.trim() === environment) return environment;
  throw declined();
}

function declined(): Failure {
  return new Failure("interrupted", "declined", "Nothing was changed.");
}
