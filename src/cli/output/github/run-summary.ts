import type { RunEvent } from "../../../protocol/events.ts";
import type { Failure, FailureData } from "../../../protocol/failure.ts";
import { isKeptRollback } from "../../../protocol/migration.ts";
import { operations } from "../../../protocol/operations.ts";
import type { UnknownEvent } from "../../../protocol/ndjson.ts";
import type { CliContext } from "../../context.ts";
import { repositoryPath } from "../../project/repository-path.ts";
import { duration, plural } from "../format.ts";
import { markdownCell } from "../markdown/markdown-text.ts";
import { isSeedEvent, seedRow, type Row, type SeedEvent } from "../run-view.ts";
import type { WorkflowCommand } from "../workflow-command.ts";
import { isGithubJob, type PageSection } from "./job-page.ts";

/** Operations whose result is not what they have run. */
const reading: ReadonlySet<string> = new Set(
  Object.entries(operations).flatMap(([name, { changes }]) => (changes === "never" ? [name] : [])),
);

/** In GitHub Actions: collects a run's rows into a table for the job's page, and annotates the file that failed. */
export class RunSummary {
  readonly #context: CliContext;
  readonly #environment: string;
  readonly #operation: string;
  readonly #active: boolean;
  readonly #rows: string[] = [];
  /** The failure of a migration or seed that is not annotated yet. */
  #failed: FailureData | undefined;
  #end = "";

  constructor(context: CliContext, environment: string, operation: string) {
    this.#context = context;
    this.#environment = environment;
    this.#operation = operation;
    this.#active = isGithubJob(context);
  }

  event(event: RunEvent | UnknownEvent): void {
    if (!this.#active) return;
    switch (event.type) {
      case "migration.applied":
        this.#rows.push(
          row(event, event.direction === "up" ? "applied" : "rolled back", event.tookMs),
        );
        break;
      case "migration.failed":
        this.#rows.push(row(event, "**failed**", event.tookMs));
        // Annotated when the run has ended, because the position may be found only then.
        this.#failed = event.failure;
        break;
      case "metadata.applied":
        this.#rows.push(
          row(
            { database: "", version: "", name: "metadata" },
            `${plural(event.objects, "object")} changed`,
            event.tookMs,
          ),
        );
        break;
      case "run.finished":
        if (!reading.has(this.#operation))
          this.#end = `${event.applied} done in ${duration(event.tookMs)}.`;
        break;
      case "run.failed":
        if (this.#failed) this.#annotate(event.failure.sql ? event.failure : this.#failed);
        this.#failed = undefined;
        this.#end = `**Failed:** ${markdownCell(event.failure.message)}`;
        break;
      default:
        if (isSeedEvent(event)) this.#seed(event);
    }
  }

  #seed(event: SeedEvent): void {
    if (event.type === "seed.applied") this.#rows.push(row(seedRow(event), "run", event.tookMs));
    if (event.type !== "seed.failed") return;
    this.#rows.push(row(seedRow(event), "**failed**", event.tookMs));
    this.#failed = event.failure;
  }

  failed(failure: Failure): void {
    if (this.#failed) this.#annotate(this.#failed);
    this.#failed = undefined;
    this.#end = `**Failed:** ${markdownCell(failure.message)}`;
    if (this.#active) this.#error({}, failure.message);
  }

  /** True if migrations or seeds were run, or tried, or metadata was applied. */
  get hasRows(): boolean {
    return this.#rows.length > 0;
  }

  /** What the page of the job shows of this run; nothing of one that only reads and ended well. */
  section(): PageSection {
    if (!this.hasRows && this.#end === "") return { text: "", isWhole: true };
    const table = this.hasRows
      ? ["", "| database | version | name | | |", "| --- | --- | --- | --- | ---: |", ...this.#rows]
      : [];
    const title = `### hasura-migrate ${markdownCell(this.#operation)} ${markdownCell(this.#environment)}`;
    return { text: [title, ...table, "", this.#end, ""].join("\n"), isWhole: false };
  }

  #annotate(failure: FailureData): void {
    const { file, place, message = failure.message } = failure.sql ?? {};
    if (file === undefined || isKeptRollback(file)) this.#error({}, message);
    else this.#error({ file: repositoryPath(file, this.#context), line: place?.line }, message);
  }

  #error(properties: WorkflowCommand["properties"], message: string): void {
    const title = `hasura-migrate ${this.#environment}`;
    this.#context.err.writeCommand({
      name: "error",
      properties: { ...properties, title },
      message,
    });
  }
}

function row({ database, version, name }: Row, what: string, tookMs: number): string {
  return `| ${markdownCell(database)} | ${markdownCell(version)} | ${markdownCell(name)} | ${what} | ${duration(tookMs)} |`;
}
