import type { EventOf } from "../../../protocol/events.ts";
import { migrationLabel } from "../../../protocol/migration.ts";
import type { Operation } from "../../../protocol/operations.ts";
import { plural } from "../format.ts";
import type { Style } from "../terminal/colors.ts";
import { plain, type Styled } from "../terminal/styled.ts";
import type { PlanPreview, PreviewEvent } from "../preview-event.ts";
import { inDoubtLines } from "./in-doubt.ts";
import { differencesText, metadataDiffLines } from "./metadata-diff.ts";
import { metadataStatusLines } from "./metadata-status.ts";
import { isToRun } from "../run-view.ts";
import { planLines } from "./plan.ts";
import { seedPlanLines } from "./seeds.ts";

/** What would be done, shown above the question. */
export function previewLines(event: PreviewEvent, style: Style, columns: number): Styled[] {
  switch (event.type) {
    case "plan":
      return [
        ...(event.metadata
          ? metadataDiffLines(event.metadata, { style, columns, isFull: false })
          : []),
        ...planLines(event, style, columns),
      ];
    case "seed.plan":
      return seedPlanLines(event, columns);
    case "status":
      return inDoubtLines(event, style, columns);
    case "metadata.diff":
      return metadataDiffLines(event, { style, columns, isFull: false });
    case "metadata.status":
      return metadataStatusLines(event, style, columns);
  }
}

interface QuestionContext {
  readonly operation: Operation;
  readonly environment: string;
  readonly markAs?: "applied" | "pending" | undefined;
}

/** The question about a plan: as y/N, and as what follows `Type prod to`. */
export function questionFor(event: PreviewEvent, about: QuestionContext): PlanQuestion {
  if (event.type === "metadata.diff") return metadataQuestion(event, about);
  if (event.type === "plan" && event.metadata && event.metadata.changes.length > 0)
    return deploymentQuestion(event, event.metadata, about);
  return withLosses(questionAbout(event, subjectOf(event), about), lossCount(event));
}

/** What the question is about: one step by its name, several by their count. */
function subjectOf(event: PreviewEvent): string {
  switch (event.type) {
    case "plan":
      return named(
        event.databases.flatMap(({ items }) => items),
        "migration",
      );
    case "seed.plan": {
      const [first, ...more] = event.databases.flatMap(({ items }) => items.filter(isToRun));
      return first && more.length === 0
        ? plain(`the seed ${first.seed}`)
        : plural(more.length + (first ? 1 : 0), "seed");
    }
    case "status":
      return named(
        event.databases.flatMap(({ migrations }) => migrations),
        "version",
      );
    case "metadata.diff":
      return differencesText(event);
    case "metadata.status":
      return plain("the event triggers");
  }
}

/** The question about differences of metadata. */
function metadataQuestion(
  event: EventOf<"metadata.diff">,
  { operation, environment }: QuestionContext,
): PlanQuestion {
  const what = differencesText(event);
  return operation === "metadata-restore"
    ? {
        question: `Restore the metadata of ${environment} (${what})?`,
        action: `restore the metadata (${what})`,
      }
    : {
        question: `Apply the metadata to ${environment} (${what})?`,
        action: `apply the metadata (${what})`,
      };
}

/** The question about a deployment whose metadata differs. */
function deploymentQuestion(
  event: PlanPreview,
  diff: EventOf<"metadata.diff">,
  about: QuestionContext,
): PlanQuestion {
  const isEmpty = event.databases.every(({ items }) => items.length === 0);
  if (isEmpty) return metadataQuestion(diff, about);
  const { question, action } = questionFor({ ...event, metadata: undefined }, about);
  const what = differencesText(diff);
  return {
    question: `${question} Also its metadata: ${what}.`,
    action: `${action} and its metadata (${what})`,
  };
}

/** The question, with the number of statements that lose data. */
function withLosses({ question, action }: PlanQuestion, losses: number): PlanQuestion {
  if (losses === 0) return { question, action };
  const what = `${plural(losses, "statement")} ${losses === 1 ? "loses" : "lose"} data`;
  return { question: `${question} ${what}.`, action: `${action} (${what})` };
}

/** Number of statements that lose data of tables that may have rows. */
function lossCount(event: PreviewEvent): number {
  if (event.type !== "plan") return 0;
  return event.databases
    .flatMap(({ items }) => items)
    .flatMap(({ statements = [] }) => statements)
    .filter(({ risk }) => risk === "data-loss").length;
}

interface PlanQuestion {
  readonly question: string;
  readonly action: string;
}

function questionAbout(
  event: PreviewEvent,
  what: string,
  { operation, environment, markAs = "applied" }: QuestionContext,
): PlanQuestion {
  switch (operation) {
    case "down":
      return { question: `Roll back ${what} on ${environment}?`, action: `roll back ${what}` };
    case "redo":
      return {
        question: isRolledBack(event)
          ? `Apply ${what} on ${environment}? It has already been rolled back.`
          : `Roll back ${what} on ${environment} and apply it again?`,
        action: `redo ${what}`,
      };
    case "reset-to": {
      const counts = resetCounts(event);
      return {
        question: `Reset ${environment}: ${counts}?`,
        action: `reset it: ${counts}`,
      };
    }
    case "seed":
      return { question: `Run ${what} on ${environment}?`, action: `run ${what}` };
    case "mark":
      return {
        question: `Record ${what} on ${environment} as ${markAs}?`,
        action: `record ${what} as ${markAs}`,
      };
    case "metadata-reload":
      return { question: `Recreate ${what} of ${environment}?`, action: `recreate ${what}` };
    default:
      return { question: `Apply ${what} on ${environment}?`, action: `apply ${what}` };
  }
}

/** The same about several environments at once; the text after `Type prod-eu prod-us to` names all of them. */
export function severalQuestion(
  previews: readonly { readonly environment: string; readonly event: PreviewEvent }[],
  about: {
    readonly operation: Operation;
    readonly markAs?: "applied" | "pending" | undefined;
  },
): { readonly question: string; readonly action: string } {
  const environment = previews.map((each) => each.environment).join(", ");
  const [first] = previews;
  const event =
    first === undefined || previews.length === 1
      ? first?.event
      : joined(previews.map((each) => each.event));
  if (event === undefined) return { question: "Continue?", action: "continue" };
  const { question, action } = questionFor(event, { ...about, environment });
  return { question, action: `${action} on ${environment}` };
}

/** One event with the content of several of the same type. */
function joined(events: readonly PreviewEvent[]): PreviewEvent | undefined {
  const plans = events.filter((event) => event.type === "plan");
  const statuses = events.filter((event) => event.type === "status");
  const [plan] = plans;
  const differing = plans.flatMap(({ metadata }) => metadata ?? []);
  const [metadata] = differing;
  if (plan)
    return {
      ...plan,
      databases: plans.flatMap(({ databases }) => databases),
      ...(metadata && {
        metadata: { ...metadata, changes: differing.flatMap(({ changes }) => changes) },
      }),
    };
  const seeds = events.filter((event) => event.type === "seed.plan");
  const [seed] = seeds;
  if (seed) return { ...seed, databases: seeds.flatMap(({ databases }) => databases) };
  const [status] = statuses;
  if (status) return { ...status, databases: statuses.flatMap(({ databases }) => databases) };
  const diffs = events.filter((event) => event.type === "metadata.diff");
  const [diff] = diffs;
  if (diff === undefined) return events[0];
  return { ...diff, changes: diffs.flatMap(({ changes }) => changes) };
}

/** `roll back 2, apply 1`. */
function resetCounts(event: PreviewEvent): string {
  const items = event.type === "plan" ? event.databases.flatMap((database) => database.items) : [];
  const down = items.filter(({ direction }) => direction === "down").length;
  const up = items.length - down;
  return [...(down > 0 ? [`roll back ${down}`] : []), ...(up > 0 ? [`apply ${up}`] : [])].join(
    ", ",
  );
}

function isRolledBack(event: PreviewEvent): boolean {
  return (
    event.type === "plan" &&
    event.databases.every(({ items }) => items.every(({ direction }) => direction === "up"))
  );
}

/** One migration by version and name, several by their count; a redo lists each version twice. */
function named(
  rows: readonly { readonly version: string; readonly name: string }[],
  noun: string,
): string {
  const count = new Set(rows.map(({ version }) => version)).size;
  const [first] = rows;
  return count === 1 && first ? plain(migrationLabel(first, " ")) : plural(count, noun);
}
