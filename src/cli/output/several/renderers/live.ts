import type { CommandResult } from "../../../command-result.ts";
import type { CliContext } from "../../../context.ts";
import type { PreviewEvent } from "../../preview-event.ts";
import type { Renderer } from "../../renderer.ts";
import { colorsFor, type Style } from "../../terminal/colors.ts";
import { liveRegion, type LiveRegion } from "../../terminal/live-region.ts";
import { spinnerFrames, terminalSpinner, type Spinner } from "../../terminal/spinner.ts";
import { writeLines } from "../../terminal/sink.ts";
import { styled } from "../../terminal/styled.ts";
import { wrap } from "../../terminal/width.ts";
import { failureLines } from "../../views/failure.ts";
import { hintLines } from "../../views/hint.ts";
import { previewLines } from "../../views/preview.ts";
import { resultLines } from "../../views/result.ts";
import { EnvironmentViews, type EnvironmentView } from "../environment-view.ts";
import { endLines } from "../end-lines.ts";
import { boardLines } from "../environment-lines.ts";
import { memberRenderer } from "../member-renderer.ts";
import type { Report } from "../report.ts";
import type { SeveralOptions, SeveralRenderer } from "../several-renderer.ts";

/** How often the lines are drawn again, in milliseconds. */
const frameMs = 100;

/** One line for each environment, drawn again as its run goes on; notices, results and failures follow when all have ended. */
export function severalLive(context: CliContext, options: SeveralOptions): SeveralRenderer {
  return new Board(context, options);
}

class Board implements SeveralRenderer {
  readonly #context: CliContext;
  readonly #options: SeveralOptions;
  readonly #style: Style;
  readonly #region: LiveRegion;
  readonly #spinner: Spinner;
  readonly views: EnvironmentViews;
  #stopTicking: () => void = () => undefined;
  #isRunning = false;
  #isPaused = false;
  /** What is being waited for before anything runs. */
  #waitingFor: string | undefined;
  #frame = 0;

  constructor(context: CliContext, options: SeveralOptions) {
    this.#context = context;
    this.#options = options;
    this.#style = colorsFor(context.out, context.env, options.color);
    this.#region = liveRegion(context.err);
    this.#spinner = terminalSpinner(context.err, this.#style);
    this.views = new EnvironmentViews(options.environments, options.operation, () => this.#draw());
  }

  member(environment: string): Renderer {
    return memberRenderer({
      change: (change) => this.views.change(environment, change),
      now: this.#context.now,
      pause: () => this.#pause(),
      holdsBack: () => true,
    });
  }

  waiting(text: string): void {
    this.#waitingFor = text;
    this.#draw();
  }

  stillWaiting(text: string): void {
    this.waiting(text);
  }

  preview(environment: string, event: PreviewEvent): void {
    const { err } = this.#context;
    this.#stopWaiting();
    const heading = this.#style.bold(environment);
    writeLines(err, [heading, ...previewLines(event, this.#style, err.columns)]);
  }

  begin(): void {
    this.#stopWaiting();
    this.#isRunning = true;
    this.#stopTicking = this.#context.every(frameMs, () => {
      this.#frame += 1;
      this.#draw();
    });
    this.#draw();
  }

  finish(_result: CommandResult, report?: Report, page?: string): void {
    this.close();
    const { out, err, now } = this.#context;
    const look = { style: this.#style, columns: out.columns };
    if (!this.#options.markdown) for (const view of this.views.all) this.#writeResults(view);
    this.#writeNotices();
    if (page === undefined)
      writeLines(out, endLines(this.views.all, { report, ...this.#options, ...look, now: now() }));
    else out.write(page);
    for (const { environment, failure } of this.views.all) {
      if (!failure) continue;
      const { debug } = this.#options;
      const card = failureLines(failure, { style: this.#style, columns: err.columns, debug });
      writeLines(err, [styled``, this.#style.bold(environment), ...card]);
    }
  }

  close(): void {
    this.#isRunning = false;
    this.#stopTicking();
    this.#stopWaiting();
    this.#region.clear();
  }

  /** For a question, which only one environment at a time asks. */
  #pause(): () => void {
    this.#isPaused = true;
    this.#spinner.stop();
    this.#region.clear();
    return () => {
      this.#isPaused = false;
      this.#draw();
    };
  }

  #stopWaiting(): void {
    this.#waitingFor = undefined;
    this.#spinner.stop();
  }

  /** Plans, histories, locks and rehearsals, below the environment's name; the answers to status are shown as one matrix. */
  #writeResults({ environment, results }: EnvironmentView): void {
    const { out } = this.#context;
    const look = { style: this.#style, columns: out.columns, now: this.#context.now() };
    const listed = new Set([
      "plan",
      "seed.plan",
      "history",
      "locks",
      "rehearsal",
      "metadata.diff",
      "metadata.status",
    ]);
    for (const event of results.filter(({ type }) => listed.has(type))) {
      const lines = resultLines(event, { ...this.#options, environment }, look);
      writeLines(out, [this.#style.bold(environment), ...lines, styled``]);
    }
  }

  /** Notices, each once with the environments that it is about, and what can be done about them. */
  #writeNotices(): void {
    const environmentsOf = new Map<string, string[]>();
    for (const { environment, notices } of this.views.all)
      for (const notice of new Set(notices))
        environmentsOf.set(notice, [...(environmentsOf.get(notice) ?? []), environment]);
    const { err } = this.#context;
    for (const [notice, environments] of environmentsOf)
      writeLines(err, wrap(`${environments.join(", ")}: ${notice}`, err.columns));
    const hints = this.views.all.flatMap((view) => view.hints);
    writeLines(
      err,
      hints.flatMap((hint) => hintLines(hint, err.columns)),
    );
  }

  #draw(): void {
    if (this.#isPaused) return;
    if (this.#waitingFor !== undefined) this.#spinner.show(this.#waitingFor);
    if (!this.#isRunning) return;
    const { err, now } = this.#context;
    this.#region.draw(
      boardLines(this.views.all, {
        style: this.#style,
        ...{ columns: err.columns, rows: err.rows, now: now() },
        sign: this.#style.cyan(spinnerFrames[this.#frame % spinnerFrames.length] ?? ""),
      }),
    );
  }
}
