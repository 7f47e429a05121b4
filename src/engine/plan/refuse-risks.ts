import { Failure } from "../../protocol/failure.ts";
import { retryHint, runHint, textHint } from "../../protocol/hint.ts";
import { briefImpact } from "../../protocol/impact-text.ts";
import { lossRules, type StatementImpact } from "../../protocol/impact.ts";
import type { ReadyStep } from "./prepare-plan.ts";

/** Which risks of its plan a request accepts. */
export interface RiskConsent {
  readonly environment: string;
  readonly protected: boolean;
  /** Rules whose risks are accepted. */
  readonly allow: readonly string[];
  /** The plan was shown and confirmed, or the request is confirmed with the environment's name. */
  readonly confirmed: boolean;
}

/** A statement that must not run yet, and the rules that would have to be allowed. */
interface OpenRisk {
  readonly file: string;
  readonly impact: StatementImpact;
  readonly rules: readonly string[];
}

/**
 * Throws `usage/risk-not-allowed` if the environment is protected and a step is a risk that neither the request nor the file allows, and
 * elsewhere `usage/data-loss` if a step loses data and nobody has confirmed it.
 */
export function refuseRisks(steps: readonly ReadyStep[], consent: RiskConsent): void {
  const open = openRisks(steps, consent);
  if (open.length === 0) return;
  throw consent.protected ? notAllowed(open, consent) : notConfirmed(open, consent);
}

/** The rules that would have to be allowed for these steps where the environment is protected, each once. */
export function rulesNeeded(steps: readonly ReadyStep[]): readonly string[] {
  return rulesOf(openRisks(steps, { protected: true, allow: [], confirmed: false }));
}

function openRisks(
  steps: readonly ReadyStep[],
  consent: Omit<RiskConsent, "environment">,
): OpenRisk[] {
  if (!consent.protected && consent.confirmed) return [];
  return steps.flatMap(({ file, item }) =>
    (item.statements ?? []).flatMap((impact) => {
      const rules = (impact.needs ?? [])
        .filter((rule) => !consent.allow.includes(rule))
        .filter((rule) => consent.protected || lossRules.has(rule));
      return rules.length === 0 ? [] : [{ file: file.path, impact, rules }];
    }),
  );
}

function notAllowed(open: readonly OpenRisk[], { environment, allow }: RiskConsent): Failure {
  const rules = rulesOf(open);
  return new Failure(
    "usage",
    "risk-not-allowed",
    `${environment} is protected, and the plan has risks that are not allowed: ${listed(open)}. Nothing was run.`,
    {
      hints: [
        runHint(["plan", environment], "see the whole plan"),
        retryHint({
          with: allowing([...allow, ...rules]),
          reason: "run it anyway",
        }),
        directiveHint(rules),
      ],
    },
  );
}

function notConfirmed(open: readonly OpenRisk[], { environment, allow }: RiskConsent): Failure {
  const rules = rulesOf(open);
  return new Failure(
    "usage",
    "data-loss",
    `The plan would lose data in ${environment}, which was not confirmed: ${listed(open)}. Nothing was run.`,
    {
      hints: [
        retryHint({ with: [`--yes=${environment}`], reason: "confirm the whole plan" }),
        retryHint({
          with: allowing([...allow, ...rules]),
          reason: "accept only this kind of loss",
        }),
        directiveHint(rules),
      ],
    },
  );
}

/** The options that allow rules. */
const allowing = (rules: readonly string[]): string[] => rules.map((rule) => `--allow=${rule}`);

function rulesOf(open: readonly OpenRisk[]): string[] {
  return [...new Set(open.flatMap(({ rules }) => rules))];
}

function directiveHint(rules: readonly string[]): ReturnType<typeof textHint> {
  return textHint(
    `Or allow it in the file itself, above the statement: -- hasura-migrate: allow ${rules.join(", ")} because …`,
  );
}

/** Statements that are named in a message; the others are counted. */
const mostNamed = 3;

function listed(open: readonly OpenRisk[]): string {
  const named = open
    .slice(0, mostNamed)
    .map(({ file, impact }) => `${file}, line ${String(impact.line)}, ${briefImpact(impact)}`);
  const more = open.length - named.length;
  return `${named.join("; ")}${more > 0 ? `; and ${String(more)} more` : ""}`;
}
