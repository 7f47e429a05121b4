import { endsInvocation, type ClosingEvent, type RunEvent } from "../../protocol/events.ts";
import type { Failure } from "../../protocol/failure.ts";
import type { UnknownEvent } from "../../protocol/ndjson.ts";
import type { Operation } from "../../protocol/operations.ts";
import type { ConnectionInfo } from "../connection/connection.ts";
import type { CommandResult } from "../command-result.ts";
import type { CommandContext } from "../context.ts";
import { dataWithResolvedHints, resolveHints, withResolvedHints } from "../output/hints.ts";
import { isPreview, type PreviewEvent } from "../output/preview-event.ts";
import type { Renderer, StopProgress } from "../output/renderer.ts";
import type { PageSection } from "../output/github/job-page.ts";
import { RunSummary } from "../output/github/run-summary.ts";
import { ImageComparison, type Compared, type ReadLocal } from "./compare-image.ts";

interface PresentedRun {
  readonly environment: string;
  readonly operation: Operation;
  /** `--database`. */
  readonly database: string | undefined;
  /** The files that the image lacks may be named below the run's last line; with `--json` the last object ends it. */
  readonly lastLine: boolean;
  readonly readLocal: ReadLocal;
}

/**
 * Forwards everything that happens in a run to whatever shows it: the renderer, the summary for GitHub, the comparison with the image.
 */
export class RunPresenter {
  readonly #context: CommandContext;
  readonly #renderer: Renderer;
  readonly #summary: RunSummary;
  readonly #comparison: ImageComparison;
  readonly #run: PresentedRun;
  /** The sentence about files that are not in the image. */
  #missing: string | undefined;
  #isMissingShown = false;
  /** Messages that were shown before a question. */
  readonly #previewed = new Set<string>();
  #endSilence: () => void = () => undefined;

  constructor(context: CommandContext, renderer: Renderer, run: PresentedRun) {
    this.#run = run;
    this.#context = context;
    this.#renderer = renderer;
    this.#summary = new RunSummary(context, run.environment, run.operation);
    this.#comparison = new ImageComparison({
      environment: run.environment,
      operation: run.operation,
      database: run.database,
      readLocal: run.readLocal,
      now: context.now,
      notice: this.notice,
    });
  }

  readonly notice = (line: string): void => this.#renderer.notice(line);
  readonly stopping = (stop: StopProgress): void => {
    const renderer = this.#renderer;
    if (renderer.stopping) renderer.stopping(stop);
    else renderer.notice(stop.text);
  };
  readonly fact = (line: string): void => this.#renderer.fact(line);
  readonly waiting = (text: string): void => this.#renderer.waiting(text);

  /** Shows what is being waited for, unless something happens first. */
  waitingAfterSilence(text: string): void {
    this.#endSilence();
    const { silenceMs } = this.#renderer;
    if (silenceMs === 0) {
      this.#renderer.waiting(text);
      return;
    }
    const stop = this.#context.every(silenceMs, () => {
      stop();
      this.#renderer.waiting(text);
    });
    this.#endSilence = stop;
  }

  /** Writes nothing, for a question or another program, until the returned function is called. */
  pause(): () => void {
    this.#endSilence();
    return this.#renderer.pause();
  }

  connected(connection: ConnectionInfo): void {
    this.#renderer.connected(connection);
  }

  /** Shows an event. A closing one is shown by `closing`, once everything still pending is known. */
  readonly event = (event: RunEvent | UnknownEvent): void => {
    this.#endSilence();
    if (event.type !== "run.finished" && event.type !== "run.failed") this.#show(event);
    this.#comparison.receive(event);
    // Before the migrations, if there are any; otherwise with the last line.
    if (event.type === "plan" && event.databases.some(({ items }) => items.length > 0))
      void this.compared().then(() => this.#showMissing());
  };

  /** Shows an event of a dry run that a question follows: everything but its plan and its end. */
  readonly previewEvent = (event: RunEvent | UnknownEvent): void => {
    this.#endSilence();
    this.#comparison.receive(event);
    if (isPreview(event) || endsInvocation(event)) return;
    this.#show(event);
    // The run that follows reports the same again.
    if (event.type === "log") this.#previewed.add(event.message);
  };

  /** Shows what a question is about. */
  preview(event: PreviewEvent): void {
    this.#renderer.preview(event);
  }

  /** Shows a dry run that found nothing to do as if it had been the real run. */
  nothingToDo(event: PreviewEvent): void {
    if (event.type === "plan") {
      const { metadata, ...plan } = event;
      if (metadata) this.#show({ ...metadata, dryRun: undefined });
      this.#show({ ...plan, dryRun: false });
    }
    if (event.type === "seed.plan") this.#show({ ...event, dryRun: false });
    if (event.type === "metadata.diff") this.#show({ ...event, dryRun: undefined });
  }

  /** How the files here compare with those of the image. */
  async compared(): Promise<Compared> {
    const compared = await this.#comparison.settled();
    this.#missing = compared.missing;
    return compared;
  }

  /** Shows how the run ended; `result` is how the command ends. */
  async closing(event: ClosingEvent, result: CommandResult): Promise<void> {
    await this.compared();
    const { lastLine } = this.#run;
    const isLast = lastLine && event.type === "run.finished" && event.applied === 0;
    if (!isLast) this.#showMissing();
    this.#show(event, result);
    this.#showMissing();
  }

  /** Names the files that are not in the image, once. */
  #showMissing(): void {
    if (this.#missing !== undefined && !this.#isMissingShown) this.notice(this.#missing);
    this.#isMissingShown ||= this.#missing !== undefined;
  }

  /** Shows the error that ended the run without a closing event, or before it began. */
  async failed(failure: Failure): Promise<void> {
    this.#endSilence();
    await this.compared();
    this.#showMissing();
    const { commandLine, env } = this.#context;
    const resolved = withResolvedHints(failure, commandLine, env);
    this.#summary.failed(resolved);
    this.#renderer.failed(resolved);
  }

  /** Restores the terminal; nothing is shown afterwards. */
  close(): void {
    this.#endSilence();
    this.#renderer.close();
  }

  /** What the page of a job in GitHub Actions shows of the run. */
  section(): PageSection {
    return this.#summary.section();
  }

  /** True if migrations were run, or tried. */
  get hasRunMigrations(): boolean {
    return this.#summary.hasRows;
  }

  #show(event: RunEvent | UnknownEvent, result?: CommandResult): void {
    if (event.type === "log" && this.#previewed.has(event.message)) return;
    const resolved = this.#withResolvedHints(event);
    this.#summary.event(resolved);
    this.#renderer.event(resolved, result);
  }

  #withResolvedHints(event: RunEvent | UnknownEvent): RunEvent | UnknownEvent {
    const { commandLine, env } = this.#context;
    if (event.type === "log" && event.hints)
      return { ...event, hints: resolveHints(event.hints, commandLine, env) };
    if (
      event.type !== "migration.failed" &&
      event.type !== "seed.failed" &&
      event.type !== "run.failed"
    )
      return event;
    return { ...event, failure: dataWithResolvedHints(event.failure, commandLine, env) };
  }
}
