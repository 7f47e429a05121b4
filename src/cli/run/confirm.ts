import { Failure } from "../../protocol/failure.ts";
import { retryHint } from "../../protocol/hint.ts";
import type { CliContext } from "../context.ts";
import { wrap } from "../output/terminal/width.ts";
import { whyNobodyIsAsked } from "./nobody-to-ask.ts";

export interface Confirmation {
  readonly environment: string;
  readonly protected: boolean;
  /** The question a person would be asked, also used in a message if there is no terminal; absent if nothing needs confirming. */
  readonly question?: string;
  /** The database is the embedded one, which exists for trying out migrations: it needs no confirmation. */
  readonly trusted: boolean;
  /** The operation may change something. */
  readonly changes: boolean;
  /** `true` for a bare `--yes`. */
  readonly yes?: boolean | string | undefined;
  readonly json?: boolean | undefined;
}

/**
 * Whether a change is confirmed: with the environment's name, without it, for one plan only, or not yet. `yes`: by a bare `--yes`,
 * which does not suffice if the function is protected, even if the configuration does not mark it as protected. `asksAboutLoss`: confirmed
 * without a name, but if the plan loses data, there is a person who can be asked.
 */
export type Consent =
  | {
      readonly kind: "given";
      readonly name?: string;
      readonly yes?: true;
      readonly expectedPlan?: string;
      readonly asksAboutLoss?: boolean;
    }
  | { readonly kind: "to-be-asked" };

/**
 * Decides before AWS is contacted whether a change is confirmed, or has to be once its plan is shown. Throws usage failures
 * whose hint is the missing option.
 */
export function consentOf(context: CliContext, confirmation: Confirmation): Consent {
  const { environment, yes, question, json } = confirmation;
  if (typeof yes === "string" && yes !== environment) {
    throw new Failure(
      "usage",
      "yes-mismatch",
      `--yes=${yes} does not match the environment ${environment}.`,
      { hints: [nameHint(environment)] },
    );
  }
  if (yes === environment) return { kind: "given", name: environment };
  if (confirmation.protected) return consentForProtected(context, confirmation);
  if (yes === true) return { kind: "given", yes: true };
  const nobody = whyNobodyIsAsked(context, json);
  if (question === undefined) return impliedConsent(confirmation, nobody === undefined);
  if (nobody === undefined) return { kind: "to-be-asked" };
  throw new Failure("usage", "confirmation-needed", `"${question}" needs an answer, ${nobody}.`, {
    hints: [retryHint({ with: ["--yes"] })],
  });
}

/** The consent to a change that needs no confirmation unless it loses data. */
export function impliedConsent(
  { environment, trusted, changes }: Pick<Confirmation, "environment" | "trusted" | "changes">,
  canBeAsked: boolean,
): Consent {
  if (!changes) return { kind: "given" };
  return trusted
    ? { kind: "given", name: environment }
    : { kind: "given", ...(canBeAsked && { asksAboutLoss: true }) };
}

function consentForProtected(
  context: CliContext,
  { environment, yes, json }: Confirmation,
): Consent {
  const hints = [nameHint(environment)];
  if (yes === true)
    throw new Failure(
      "usage",
      "yes-needs-name",
      `${environment} is protected: --yes alone is not enough; pass the environment's name with it.`,
      { hints },
    );
  const nobody = whyNobodyIsAsked(context, json);
  if (nobody === undefined) return { kind: "to-be-asked" };
  throw new Failure("usage", "confirmation-needed", `${environment} is protected, ${nobody}.`, {
    hints,
  });
}

/** The question that is asked once the plan is shown. */
export interface Question {
  /** For y/N: `Roll back 3 migrations on dev-1?`. */
  readonly question: string;
  /** After `Type prod to`: `roll back 3 migrations`. */
  readonly action: string;
}

/**
 * Asks, and resolves to the environment's name if that was typed, for the function to check. Throws `usage/declined` if the
 * answer is not a yes, and `interrupted` after Ctrl-C.
 */
export async function ask(
  context: CliContext,
  target: { readonly environment: string; readonly protected: boolean },
  { question, action }: Question,
): Promise<string | undefined> {
  const { environment } = target;
  const asked = target.protected ? `Type ${environment} to ${action}:` : `${question} [y/N]`;
  // The terminal would break the question inside words. The answer is typed after the last line.
  const lines = wrap(asked, context.err.columns - 1);
  const answer = await context.keyboard.ask(`${lines.join("\n")} `);
  if (context.interrupts.first.aborted)
    throw new Failure("interrupted", "interrupted", "Interrupted; nothing was changed.");
  const typed = answer?.trim() ?? "";
  if (target.protected ? typed === environment : /^y(es)?$/i.test(typed))
    return target.protected ? environment : undefined;
  const isOtherName = target.protected && typed !== "";
  throw new Failure(
    "usage",
    "declined",
    isOtherName
      ? `"${typed}" does not match the environment's name, ${environment}; nothing was changed.`
      : "Nothing was changed.",
  );
}

function nameHint(environment: string): ReturnType<typeof retryHint> {
  return retryHint({ with: [`--yes=${environment}`] });
}
