import type { RunEvent } from "../../../protocol/events.ts";
import type { Failure } from "../../../protocol/failure.ts";
import type { UnknownEvent } from "../../../protocol/ndjson.ts";
import type { CliContext, Sink } from "../../context.ts";
import { entriesOf, type OutputEntry, type StepEntry } from "../entries.ts";
import { duration } from "../format.ts";
import type { RenderOptions, Renderer } from "../renderer.ts";
import { closeView, newRunView, reduceView, type RunView } from "../run-view.ts";
import { colorsFor, type Style } from "../terminal/colors.ts";
import { plain, styled, type Styled } from "../terminal/styled.ts";
import { liveRegion, type LiveRegion } from "../terminal/live-region.ts";
import { writeLines } from "../terminal/sink.ts";
import { spinnerFrames, terminalSpinner, type Spinner } from "../terminal/spinner.ts";
import { wrap } from "../terminal/width.ts";
import { failureLines, foundPlaceLines } from "../views/failure.ts";
import { hintLines } from "../views/hint.ts";
import { previewLines } from "../views/preview.ts";
import { progressLines, rowLine } from "../views/progress.ts";
import { resultLines } from "../views/result.ts";

/** How often the running row is drawn again, in milliseconds. */
const frameMs = 100;

/**
 * A run in a terminal: planned migrations are shown in a region at the bottom that is redrawn repeatedly; what is finished
 * moves above it and stays. While there is only something to wait for, a spinner takes its place.
 */
export function liveRenderer(context: CliContext, options: RenderOptions): Renderer {
  return new LiveRenderer(context, options);
}

class LiveRenderer implements Renderer {
  /** The spinner is shown immediately. */
  readonly silenceMs = 0;
  readonly #context: CliContext;
  readonly #options: RenderOptions;
  readonly #style: Style;
  readonly #region: LiveRegion;
  readonly #spinner: Spinner;
  readonly #stopTicking: () => void;
  #view: RunView;
  #frame = 0;
  #paused = false;

  constructor(context: CliContext, options: RenderOptions) {
    this.#context = context;
    this.#options = options;
    this.#style = colorsFor(context.out, context.env, options.color);
    this.#region = liveRegion(context.err);
    this.#spinner = terminalSpinner(context.err, this.#style);
    this.#view = newRunView(options.operation);
    this.#stopTicking = context.every(frameMs, () => this.#tick());
  }

  connected(connection: NonNullable<RunView["connection"]>): void {
    this.#view = { ...this.#view, connection };
  }

  waiting(text: string): void {
    this.#view = { ...this.#view, waitingFor: text };
    this.#draw();
  }

  pause(): () => void {
    this.#paused = true;
    this.#clear();
    return () => {
      this.#paused = false;
      this.#draw();
    };
  }

  notice(line: string): void {
    this.#above(this.#context.err, wrapped(line, this.#context.err));
  }

  fact(line: string): void {
    const { err } = this.#context;
    this.#above(
      err,
      wrapped(line, err).map((text) => this.#style.dim(text)),
    );
  }

  preview(event: Parameters<Renderer["preview"]>[0]): void {
    const { err } = this.#context;
    this.#view = { ...this.#view, waitingFor: undefined };
    this.#above(err, previewLines(event, this.#style, err.columns));
  }

  event(event: RunEvent | UnknownEvent): void {
    const now = this.#context.now();
    const before = this.#view;
    this.#view = reduceView(before, event, now);
    this.#clear();
    for (const entry of entriesOf(before, event, now)) this.#write(entry, before);
    this.#draw();
  }

  failed(failure: Failure): void {
    this.#view = closeView(this.#view);
    this.#above(this.#context.err, this.#failureLines(failure));
  }

  close(): void {
    this.#view = closeView(this.#view);
    this.#stopTicking();
    this.#clear();
  }

  /** Writes an entry above the region. `before` is the view before the event, which has the widths of the plan. */
  #write(entry: OutputEntry, before: RunView): void {
    const { out, err } = this.#context;
    switch (entry.kind) {
      case "banner":
        writeLines(
          err,
          wrapped(entry.text, err).map((line) => this.#style.bold(line)),
        );
        break;
      case "notice":
        // The region already shows what is being waited for.
        if (this.#view.waitingFor === undefined) writeLines(err, wrapped(entry.text, err));
        break;
      case "hint":
        writeLines(err, hintLines(entry.hint, err.columns));
        break;
      case "result": {
        const now = this.#context.now();
        const look = { style: this.#style, columns: out.columns, now };
        writeLines(out, resultLines(entry.event, this.#options, look));
        break;
      }
      case "step":
        this.#writeStep(entry, before);
        break;
      case "failure":
        writeLines(err, this.#failureLines(entry.failure, entry.row !== undefined));
        break;
      case "place":
        writeLines(err, this.#indented(foundPlaceLines, entry.failure, true));
        break;
      case "finished": {
        const sign = entry.cancelled ? plain("·") : this.#style.green("✓");
        writeLines(out, [styled`${sign} ${plain(entry.text)}`]);
        break;
      }
      case "failed-totals":
        writeLines(err, [styled`  ${plain(entry.text)}`]);
    }
  }

  /** A finished row, with the notices of its file below. Rows in progress are in the region. */
  #writeStep(entry: StepEntry, view: RunView): void {
    const shown = finishedStep(entry, this.#style);
    if (!shown) return;
    const sink = this.#context[shown.stream];
    const line = rowLine(view, entry.row, { ...shown, columns: sink.columns });
    const notices = (entry.notices ?? []).flatMap((text) =>
      wrap(text, sink.columns - 4).map((part) => styled`    ${part}`),
    );
    writeLines(sink, [line, ...notices]);
  }

  /** A failure below its migration's row is indented. */
  #failureLines(failure: Failure, belowRow = false): Styled[] {
    return this.#indented(failureLines, failure, belowRow);
  }

  #indented(view: typeof failureLines, failure: Failure, belowRow: boolean): Styled[] {
    const { err } = this.#context;
    const { debug } = this.#options;
    const indent = plain(belowRow ? "  " : "");
    const columns = err.columns - indent.length;
    return view(failure, { style: this.#style, columns, debug, belowRow }).map(
      (line) => styled`${indent}${line}`,
    );
  }

  #tick(): void {
    this.#frame += 1;
    if (this.#view.running || this.#view.waitingFor !== undefined) this.#draw();
  }

  #above(sink: Sink, lines: readonly Styled[]): void {
    this.#clear();
    writeLines(sink, lines);
    this.#draw();
  }

  #clear(): void {
    this.#spinner.stop();
    this.#region.clear();
  }

  #draw(): void {
    if (this.#paused) return;
    const { err, now } = this.#context;
    const sign = this.#style.cyan(spinnerFrames[this.#frame % spinnerFrames.length] ?? "");
    const rows = progressLines(this.#view, {
      style: this.#style,
      ...{ columns: err.columns, rows: err.rows, now: now(), sign },
    });
    const { waitingFor } = this.#view;
    if (rows.length > 0) {
      this.#spinner.stop();
      this.#region.draw(rows);
    } else if (waitingFor !== undefined) {
      this.#region.clear();
      this.#spinner.show(waitingFor);
    } else this.#clear();
  }
}

/** How a step that ended is shown; undefined for one still in progress. */
function finishedStep(
  { state, tookMs = 0, reason = "" }: StepEntry,
  style: Style,
): { readonly sign: Styled; readonly end: string; readonly stream: "out" | "err" } | undefined {
  switch (state) {
    case "started":
    case "running":
      return undefined;
    case "applied":
      return { sign: style.green("✓"), end: duration(tookMs), stream: "out" };
    case "rolled back":
      return { sign: style.green("↓"), end: duration(tookMs), stream: "out" };
    case "failed":
      return { sign: style.red("✗"), end: `failed after ${duration(tookMs)}`, stream: "err" };
    case "skipped":
      return { sign: plain("·"), end: reason, stream: "out" };
    case "outcome unknown":
      return { sign: style.yellow("!"), end: `outcome unknown: ${reason}`, stream: "err" };
    case "marked applied":
    case "marked pending":
      return { sign: style.green("✓"), end: state, stream: "out" };
  }
}

function wrapped(line: string, { columns }: Sink): Styled[] {
  return wrap(line, columns);
}
