import type { ClosingEvent, RunEvent } from "../../protocol/events.ts";
import type { Failure } from "../../protocol/failure.ts";
import type { UnknownEvent } from "../../protocol/ndjson.ts";
import type { Operation } from "../../protocol/operations.ts";
import type { ConnectionInfo } from "../connection/connection.ts";
import type { CommandContext } from "../context.ts";
import { dataWithResolvedHints, withResolvedHints } from "../output/hints.ts";
import type { Renderer } from "../output/renderer.ts";
import { githubSummary } from "../output/renderers/github-summary.ts";
import { localMigrations } from "../project/find-project.ts";
import { ImageComparison } from "./compare-image.ts";

/** Nothing was shown for this long: say what is being waited for. */
const silenceMs = 1000;

/** Passes what happens in a run to everything that shows it: the renderer, GitHub's summary, the comparison with the image. */
export class RunPresenter {
  readonly #context: CommandContext;
  readonly #renderer: Renderer;
  readonly #summary: ReturnType<typeof githubSummary>;
  readonly #comparison: ImageComparison;
  #endSilence: () => void = () => undefined;

  constructor(
    context: CommandContext,
    renderer: Renderer,
    run: { readonly environment: string; readonly operation: Operation },
  ) {
    this.#context = context;
    this.#renderer = renderer;
    this.#summary = githubSummary(context, run.environment, run.operation);
    this.#comparison = new ImageComparison({
      ...run,
      readLocal: () => localMigrations(context.cwd),
      now: context.now,
      notice: this.notice,
    });
  }

  readonly notice = (line: string): void => this.#renderer.notice(line);
  readonly fact = (line: string): void => this.#renderer.fact(line);
  readonly waiting = (text: string): void => this.#renderer.waiting(text);

  /** Shows what is being waited for, unless something happens first. */
  waitingAfterSilence(text: string): void {
    this.#endSilence();
    const stop = this.#context.every(silenceMs, () => {
      stop();
      this.#renderer.waiting(text);
    });
    this.#endSilence = stop;
  }

  connected(connection: ConnectionInfo): void {
    this.#renderer.connected(connection);
  }

  /** Shows an event. A closing one is shown by `closing`, after everything that is still being found out. */
  readonly event = (event: RunEvent | UnknownEvent): void => {
    this.#endSilence();
    if (event.type !== "run.finished" && event.type !== "run.failed") this.#show(event);
    this.#comparison.receive(event);
  };

  async closing(event: ClosingEvent): Promise<void> {
    await this.#comparison.settled();
    this.#show(event);
  }

  /** Shows what ended the run without a closing event, or before it began. */
  async failed(failure: Failure): Promise<void> {
    this.#endSilence();
    await this.#comparison.settled();
    const { commandLine, env } = this.#context;
    const resolved = withResolvedHints(failure, commandLine, env);
    this.#summary.failed(resolved);
    this.#renderer.failed(resolved);
  }

  /** Restores the terminal and writes the summary; nothing is shown afterwards. */
  async close(): Promise<void> {
    this.#endSilence();
    this.#renderer.close();
    await this.#summary.write();
  }

  #show(event: RunEvent | UnknownEvent): void {
    const resolved = this.#withResolvedHints(event);
    this.#summary.event(resolved);
    this.#renderer.event(resolved);
  }

  #withResolvedHints(event: RunEvent | UnknownEvent): RunEvent | UnknownEvent {
    if (event.type !== "migration.failed" && event.type !== "run.failed") return event;
    const { commandLine, env } = this.#context;
    return { ...event, failure: dataWithResolvedHints(event.failure, commandLine, env) };
  }
}
