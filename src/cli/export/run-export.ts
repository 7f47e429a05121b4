import type { EventOf, RunEvent } from "../../protocol/events.ts";
import { Failure } from "../../protocol/failure.ts";
import type { UnknownEvent } from "../../protocol/ndjson.ts";
import type { CommandResult } from "../command-result.ts";
import type { CommandContext } from "../context.ts";
import type { MetadataExportOptions } from "../options/schemas.ts";
import type { AnswerUse, AnswerPlace } from "../run/environment-run.ts";
import { runOperation } from "../run/run-operation.ts";
import { decodeDocument } from "./decode-document.ts";
import { exportTarget, type ExportTarget } from "./export-target.ts";
import { printDocument, writeDocument } from "./use-document.ts";

/** `metadata export`. Throws what finding the project and `runOperation` do. */
export async function runExport(
  context: CommandContext,
  options: MetadataExportOptions,
): Promise<CommandResult> {
  const { json, output, directory } = options;
  const format = json === true ? "json" : output;
  // Before anything is sent: a mistyped directory must not cost a run.
  const target = format === undefined ? await exportTarget(context, directory) : undefined;
  return runOperation(context, options, {
    operation: "metadata-export",
    options: {},
    answer: new ExportedDocument(context, options, { format, target }),
  });
}

interface Destination {
  /** The form that is printed; undefined if files are written. */
  readonly format: "json" | "yaml" | undefined;
  readonly target: ExportTarget | undefined;
}

/** Receives the metadata, and prints it or writes it to files once the run has succeeded. */
class ExportedDocument implements AnswerUse {
  readonly #context: CommandContext;
  readonly #options: MetadataExportOptions;
  readonly #to: Destination;
  #received: EventOf<"metadata.document"> | undefined;

  constructor(context: CommandContext, options: MetadataExportOptions, to: Destination) {
    this.#context = context;
    this.#options = options;
    this.#to = to;
  }

  readonly event = (event: RunEvent | UnknownEvent): void => {
    if (event.type === "metadata.document") this.#received = event;
  };

  readonly finish = async ({ environment, notice }: AnswerPlace): Promise<CommandResult> => {
    if (this.#received === undefined) throw noDocument();
    const { resourceVersion } = this.#received;
    const server = { document: decodeDocument(this.#received), resourceVersion };
    const { format, target } = this.#to;
    if (target === undefined) return printDocument(this.#context, server, format ?? "json");
    const { dryRun = false, check = false, force = false, color } = this.#options;
    return writeDocument(this.#context, server, target, {
      ...{ dryRun, check, force, color, environment, notice },
    });
  };
}

function noDocument(): Failure {
  return new Failure(
    "unreachable",
    "no-answer",
    "The function did not return the metadata; nothing was written.",
  );
}
