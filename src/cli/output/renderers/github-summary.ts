import { appendFile } from "node:fs/promises";
import type { RunEvent } from "../../../protocol/events.ts";
import type { Failure, FailureData } from "../../../protocol/failure.ts";
import type { UnknownEvent } from "../../../protocol/ndjson.ts";
import type { CliContext } from "../../context.ts";
import { duration } from "../format.ts";

/** Listens to a run and, in GitHub Actions, writes a table to the job's page and marks the file that failed. */
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
    this.#title = `### hasura-migrate ${operation} ${environment}`;
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
        this.#end = `**Failed:** ${cell(event.failure.message)}`;
        break;
      default:
    }
  }

  failed(failure: Failure): void {
    this.#end = `**Failed:** ${cell(failure.message)}`;
    if (this.#active) this.#context.err.write(`::error::${escaped(failure.message)}\n`);
  }

  /** Adds to the job's page; one that cannot be written to is no reason to fail a run. */
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
      this.#context.err.write(`The summary could not be written to ${file}.\n`);
    }
  }

  #annotate(failure: FailureData): void {
    const { file, place, message } = failure.sql ?? {
      file: undefined,
      place: undefined,
      message: failure.message,
    };
    const where =
      file === undefined
        ? ""
        : ` file=${escaped(file)}${place === undefined ? "" : `,line=${place.line}`}`;
    this.#context.err.write(`::error${where}::${escaped(message)}\n`);
  }
}

interface Named {
  readonly database: string;
  readonly version: string;
  readonly name: string;
}

function row({ database, version, name }: Named, what: string, tookMs: number): string {
  return `| ${cell(database)} | ${version} | ${cell(name)} | ${what} | ${duration(tookMs)} |`;
}

function cell(text: string): string {
  return text.replace(/[|\\`<>]/g, "\\$&").replace(/\s+/g, " ");
}

/** GitHub's escapes for the text of a workflow command. */
function escaped(text: string): string {
  return text.replace(/%/g, "%25").replace(/\r/g, "%0D").replace(/\n/g, "%0A");
}
