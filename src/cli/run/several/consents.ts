import { Failure } from "../../../protocol/failure.ts";
import { retryHint, type Hint } from "../../../protocol/hint.ts";
import type { CliContext } from "../../context.ts";
import { confirmedNames } from "../../options/command-line.ts";
import { impliedConsent, type Consent } from "../confirm.ts";
import type { PreparedRun } from "../environment-run.ts";
import { whyNobodyIsAsked } from "../nobody-to-ask.ts";

/** The names in `--yes=prod-eu,prod-us`; undefined for a bare `--yes`, and without one. */
function namesIn(yes: boolean | string | undefined): readonly string[] | undefined {
  return typeof yes === "string" ? confirmedNames(yes) : undefined;
}

/**
 * Each of several changes with whether the command line confirms it. Throws usage failures whose hint is the
 * missing option, before AWS is contacted.
 */
export function consentsOf(
  context: CliContext,
  runs: readonly PreparedRun[],
  {
    yes,
    json,
  }: { readonly yes?: boolean | string | undefined; readonly json?: boolean | undefined },
): { readonly run: PreparedRun; readonly consent: Consent }[] {
  const names = namesIn(yes);
  refuseOtherNames(names ?? [], runs);
  const nobody = whyNobodyIsAsked(context, json);
  const canBeAsked = nobody === undefined && yes !== true;
  const consents = runs.map((run) => ({
    run,
    consent: consentFor(run, { names, yes, canBeAsked }),
  }));
  const open = consents.flatMap(({ run, consent }) =>
    consent.kind === "to-be-asked" ? [run] : [],
  );
  if (open.length > 0 && (yes === true || nobody !== undefined))
    throw confirmationNeeded(open, { nobody, missing: missingYes(runs, open, names) });
  return consents;
}

function consentFor(
  run: PreparedRun,
  {
    names,
    yes,
    canBeAsked,
  }: {
    readonly names: readonly string[] | undefined;
    readonly yes: boolean | string | undefined;
    readonly canBeAsked: boolean;
  },
): Consent {
  const { environment, protected: isProtected, question } = run;
  if (names?.includes(environment)) return { kind: "given", name: environment };
  if (isProtected) return { kind: "to-be-asked" };
  if (yes === true) return { kind: "given", yes: true };
  return question === undefined ? impliedConsent(run, canBeAsked) : { kind: "to-be-asked" };
}

function refuseOtherNames(names: readonly string[], runs: readonly PreparedRun[]): void {
  const known = runs.map(({ environment }) => environment);
  const [other] = names.filter((name) => !known.includes(name));
  if (other === undefined) return;
  throw new Failure(
    "usage",
    "yes-mismatch",
    `--yes names ${other}, which is not among the environments ${known.join(", ")}.`,
    { hints: [yesHint(known)] },
  );
}

/**
 * The option that confirms all of them. If one has to be named, all that need an answer have to be, because `--yes` with names does
 * not confirm the others.
 */
function missingYes(
  runs: readonly PreparedRun[],
  open: readonly PreparedRun[],
  names: readonly string[] = [],
): Hint {
  if (names.length === 0 && !open.some((run) => run.protected))
    return retryHint({ with: ["--yes"] });
  const asked = runs.filter(
    ({ environment, question, protected: isProtected }) =>
      isProtected || question !== undefined || names.includes(environment),
  );
  return yesHint(asked.map(({ environment }) => environment));
}

function confirmationNeeded(
  open: readonly PreparedRun[],
  {
    nobody = "but the plan is not shown",
    missing,
  }: { readonly nobody: string | undefined; readonly missing: Hint },
): Failure {
  const guarded = open.filter((run) => run.protected).map(({ environment }) => environment);
  const [code, message] =
    guarded.length > 0
      ? ([
          "yes-needs-name",
          guarded.length === 1
            ? `${guarded.join()} is protected: pass its name with --yes.`
            : `${guarded.join(", ")} are protected: pass their names with --yes.`,
        ] as const)
      : ([
          "confirmation-needed",
          `"${open[0]?.question ?? "Continue?"}" needs an answer${alsoFor(open.slice(1))}, ${nobody}.`,
        ] as const);
  return new Failure("usage", code, message, { hints: [missing] });
}

function alsoFor(others: readonly PreparedRun[]): string {
  const names = others.map(({ environment }) => environment);
  return names.length === 0 ? "" : `, and the same for ${names.join(", ")}`;
}

function yesHint(environments: readonly string[]): Hint {
  const names = environments.join(",");
  return retryHint({ with: [`--yes=${names}`] });
}
