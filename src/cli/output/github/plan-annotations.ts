import { shortenList } from "../../../shorten-list.ts";
import type { CliContext } from "../../context.ts";
import { repositoryPath } from "../../project/repository-path.ts";
import { remarkWords, type PlanRemark, type PlanReport } from "../plans/plan-report.ts";
import { isGithubJob } from "./job-page.ts";

/** GitHub shows this many warnings of a step. */
const mostWarnings = 10;

/** A remark about one file, with the environments that it is about. */
interface Warning {
  readonly file: string;
  readonly isNew: boolean;
  readonly remark: PlanRemark;
  readonly environments: string[];
}

/** In GitHub Actions: marks the files of a plan that are worth a look, those that are new here first. */
export function annotatePlans(context: CliContext, { plans }: PlanReport): void {
  if (!isGithubJob(context)) return;
  const warnings = new Map<string, Warning>();
  for (const { environment, rows } of plans)
    for (const { file, isNew, remarks } of rows ?? [])
      for (const remark of remarks) {
        const key = JSON.stringify([file, remark]);
        const known = warnings.get(key);
        if (known) known.environments.push(environment);
        else warnings.set(key, { file, isNew, remark, environments: [environment] });
      }
  const newFirst = [...warnings.values()].toSorted((a, b) => Number(b.isNew) - Number(a.isNew));
  for (const { file, remark, environments } of newFirst.slice(0, mostWarnings))
    context.err.writeCommand({
      name: "warning",
      properties: {
        file: repositoryPath(file, context),
        title: `hasura-migrate plan ${shortenList(environments)}`,
      },
      message: remarkSentence(remark),
    });
}

function remarkSentence(remark: PlanRemark): string {
  switch (remark) {
    case "out-of-order":
      return "Out of order: a newer migration is already applied.";
    case "no-transaction":
      return "Runs outside a transaction: if it fails part-way, what it has already done remains.";
    case "empty":
      return "It contains no statement: it is recorded, but nothing is run.";
    default:
      return remarkWords(remark);
  }
}
