import { appendFile } from "node:fs/promises";
import type { RunEvent } from "../../../protocol/events.ts";
import type { Failure, FailureData } from "../../../protocol/failure.ts";
import type { UnknownEvent } from "../../../protocol/ndjson.ts";
import type { CliContext } from "../../context.ts";
import { duration } from "../format.ts";
import type { Row } from "../run-view.ts";
import { markdownCell } from "../markdown/markdown-text.ts";
import type { WorkflowCommand } from "../workflow-command.ts";

/** In GitHub Actions: collects a run's rows into a table for the job's page, and annotates the file that failed. */
export function githubSummary(
  context: CliContext,
  environment: string,
  operation: string,
): Summary {
  return new Summary(context, environment, operation);
}

class Summary {
  readonly #context: CliContext;
  readonly #title: string;
  readonly #active: boolean;
  readonly #rows: string[] = [];
  #end = "";

  constructor(context: CliContext, environment: string, operation: string) {
    this.#context = context;
    this.#title = `### hasura-migrate ${markdownCell(operation)} ${markdownCell(environment)}`;
    this.#active = context.env["GITHUB_ACTIONS"] === "true";
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
        this.#annotate(event.failure);
        break;
      case "run.finished":
        this.#end = `${event.applied} done in ${duration(event.tookMs)}.`;
        break;
      case "run.failed":
        this.#end = `**Failed:** ${markdownCell(event.failure.message)}`;
        break;
      default:
    }
  }

  failed(failure: Failure): void {
    this.#end = `**Failed:** ${markdownCell(failure.message)}`;
    if (this.#active) this.#error({}, failure.message);
  }

  /** Appends to the job's page. A page that cannot be written to does not fail the run. */
  async write(): Promise<void> {
    const file = this.#context.env["GITHUB_STEP_SUMMARY"];
    if (!this.#active || !file) return;
    const table =
      this.#rows.length > 0
        ? [
            "",
            "| database | version | name | | |",
            "| --- | --- | --- | --- | ---: |",
            ...this.#rows,
          ]
        : [];
    try {
      await appendFile(file, [this.#title, ...table, "", this.#end, ""].join("\n"));
    } catch {
      this.#context.err.write(`The job summary could not be written to ${file}.\n`);
    }
  }

  #annotate(failure: FailureData): void {
    const { file, place, message = failure.message } = failure.sql ?? {};
    this.#error(file === undefined ? {} : { file, line: place?.line }, message);
  }

  #error(properties: WorkflowCommand["properties"], message: string): void {
    this.#context.err.writeCommand({ name: "error", properties, message });
  }
}

function row({ database, version, name }: Row, what: string, tookMs: number): string {
  return `| ${markdownCell(database)} | ${markdownCell(version)} | ${markdownCell(name)} | ${what} | ${duration(tookMs)} |`;
}
