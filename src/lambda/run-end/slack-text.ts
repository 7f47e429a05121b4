import type { RunReport } from "./run-report.ts";

const verbs = {
  finished: "finished",
  cancelled: "was cancelled",
  failed: "FAILED",
  refused: "was refused",
} as const satisfies Record<RunReport["outcome"], string>;

/**
 * A report as the text of a message in Slack's mrkdwn, at most a few thousand characters. Nothing in it mentions anybody: what comes
 * from outside has no tags, and each @ is followed by a zero-width space.
 */
export function slackText(report: RunReport): string {
  const { environment, operation, outcome, failure, failedMigration: failed, failedSeed } = report;
  const migration =
    failed && `${failed.version}_${failed.name} (${failed.database}, ${failed.direction})`;
  return [
    `*${escaped(environment)}*: ${operation} ${verbs[outcome]} after ${duration(report.durationMs)}: ${counts(report)}`,
    ...(migration === undefined ? [] : [`Failed migration: ${escaped(migration)}`]),
    ...(failedSeed
      ? [`Failed seed: ${escaped(failedSeed.name)} (${escaped(failedSeed.database)})`]
      : []),
    ...(failure ? [`${failure.kind}/${failure.code}: ${escaped(failure.message)}`] : []),
    `By ${escaped(callerOf(report))}`,
    ...(report.ciJob === undefined ? [] : [escaped(report.ciJob)]),
    `Run ${report.runId}${report.log === undefined ? "" : `, <${report.log}|log>`}`,
  ].join("\n");
}

function callerOf({ user, host, gitBranch, gitCommit }: RunReport): string {
  const commit = [gitBranch, gitCommit?.slice(0, 12)].filter(Boolean).join(" at ");
  return `${user} on ${host}${commit === "" ? "" : `, ${commit}`}`;
}

function counts(report: RunReport): string {
  const { applied, rolledBack, marked, seeds = 0, metadata, notReached } = report;
  const parts = [
    [applied, "applied"],
    [rolledBack, "rolled back"],
    [marked, "marked"],
    [seeds, seeds === 1 ? "seed" : "seeds"],
    [notReached, "not reached"],
  ] as const;
  const texts = parts.flatMap(([count, what]) => (count > 0 ? [`${String(count)} ${what}`] : []));
  if (metadata) texts.push(metadataText(metadata));
  return texts.join(", ") || "nothing was changed";
}

function metadataText({ objects, inconsistent }: NonNullable<RunReport["metadata"]>): string {
  const what = objects === 1 ? "1 metadata object" : `${String(objects)} metadata objects`;
  const changed = objects === 0 ? "metadata changed" : `${what} changed`;
  return inconsistent === 0 ? changed : `${changed} (${String(inconsistent)} inconsistent)`;
}

/**
 * Slack turns `<…>` into mentions and links, and needs these three characters escaped; other chat servers that take the same
 * messages turn `@all` or `@name` into mentions.
 */
function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll("@", "@\u200B");
}

function duration(ms: number): string {
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${String(Math.floor(seconds / 60))} min ${String(seconds % 60)} s`;
}
