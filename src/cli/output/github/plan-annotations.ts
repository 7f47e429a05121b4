import { shortenList } from "../../../shorten-list.ts";
import type { CliContext } from "../../context.ts";
import { repositoryPath } from "../../project/repository-path.ts";
import {
  remarkWords,
  type PlannedRow,
  type PlanRemark,
  type PlanReport,
} from "../plans/plan-report.ts";
import { isGithubJob } from "./job-page.ts";

/** GitHub shows this many warnings of a step. */
const mostWarnings = 10;

/** A remark about one file or one of its statements, with the environments that it is about. */
interface Warning {
  readonly file: string;
  readonly line?: number;
  readonly isNew: boolean;
  readonly message: string;
  readonly environments: string[];
}

/** In GitHub Actions: marks the files of a plan that are worth a look, those that are new here first. */
export function annotatePlans(context: CliContext, { plans }: PlanReport): void {
  if (!isGithubJob(context)) return;
  const warnings = new Map<string, Warning>();
  for (const { environment, rows } of plans)
    for (const warning of (rows ?? []).flatMap(warningsAbout)) {
      const key = JSON.stringify([warning.file, warning.line, warning.message]);
      const known = warnings.get(key);
      if (known) known.environments.push(environment);
      else warnings.set(key, { ...warning, environments: [environment] });
    }
  const newFirst = [...warnings.values()].toSorted((a, b) => Number(b.isNew) - Number(a.isNew));
  for (const { file, line, message, environments } of newFirst.slice(0, mostWarnings))
    context.err.writeCommand({
      name: "warning",
      properties: {
        file: repositoryPath(file, context),
        ...(line !== undefined && { line: String(line) }),
        title: `hasura-migrate plan ${shortenList(environments)}`,
      },
      message,
    });
}

/** Of what it is worth a look for, what its statements do comes first. */
function warningsAbout(row: PlannedRow): Omit<Warning, "environments">[] {
  const { file, isNew, remarks, impacts = [] } = row;
  return [
    ...impacts.map(({ line, text }) => ({ file, isNew, message: text, ...(line && { line }) })),
    ...remarks.map((remark) => ({ file, isNew, message: remarkSentence(remark) })),
  ];
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
