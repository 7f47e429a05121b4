import type { RunEvent } from "../../../protocol/events.ts";
import type { Failure } from "../../../protocol/failure.ts";
import type { UnknownEvent } from "../../../protocol/ndjson.ts";
import type { CliContext } from "../../context.ts";
import { entriesOf, type OutputEntry, type StepEntry, type StepState } from "../entries.ts";
import { clock, seconds } from "../format.ts";
import { hintText } from "../hints.ts";
import type { RenderOptions, Renderer } from "../renderer.ts";
import { newRunView, reduceView, rowLabel, type Row, type RunView } from "../run-view.ts";
import { colorsFor } from "../terminal/colors.ts";
import { writeLines } from "../terminal/sink.ts";
import { plain, styled, type Styled } from "../terminal/styled.ts";
import { failureLines, foundPlaceLines, type FailureViewOptions } from "../views/failure.ts";
import { previewLines } from "../views/preview.ts";
import { resultLines } from "../views/result.ts";

/** Lines that are only ever appended, each with its time: complete and easy to search. Results go to stdout, the rest to stderr. */
export function plainRenderer(context: CliContext, options: RenderOptions): Renderer {
  return new PlainRenderer(context, options);
}

/** Progress goes to stderr and is omitted with `--quiet`; every other state is a result. */
const progress: ReadonlySet<StepState> = new Set(["started", "running", "outcome unknown"]);

class PlainRenderer implements Renderer {
  readonly silenceMs = 1000;
  readonly #context: CliContext;
  readonly #options: RenderOptions;
  #view: RunView;

  constructor(context: CliContext, options: RenderOptions) {
    this.#context = context;
    this.#options = options;
    this.#view = newRunView(options.operation);
  }

  connected(connection: NonNullable<RunView["connection"]>): void {
    this.#view = { ...this.#view, connection };
  }

  waiting(text: string): void {
    this.notice(text);
  }

  pause(): () => void {
    return () => undefined;
  }

  fact(line: string): void {
    this.notice(line);
  }

  notice(line: string): void {
    if (!this.#options.quiet) this.#line("err", line);
  }

  preview(event: Parameters<Renderer["preview"]>[0]): void {
    const { err, env } = this.#context;
    const style = colorsFor(err, env, this.#options.color);
    writeLines(err, previewLines(event, style, err.columns));
  }

  event(event: RunEvent | UnknownEvent): void {
    const now = this.#context.now();
    for (const entry of entriesOf(this.#view, event, now)) this.#draw(entry);
    this.#view = reduceView(this.#view, event, now);
  }

  failed(failure: Failure): void {
    const { err } = this.#context;
    writeLines(err, this.#prefixed(failureLines(failure, this.#failureLook())));
  }

  close(): void {
    // Nothing is buffered.
  }

  #draw(entry: OutputEntry): void {
    switch (entry.kind) {
      case "banner":
        if (!this.#options.quiet) this.#context.err.writeStyled(styled`${plain(entry.text)}\n`);
        break;
      case "notice":
        this.notice(entry.text);
        break;
      case "hint":
        this.notice(`→ ${hintText(entry.hint)}`);
        break;
      case "result":
        this.#result(entry.event);
        break;
      case "step":
        this.#step(entry);
        break;
      case "failure":
        this.failed(entry.failure);
        break;
      case "place":
        this.#place(entry.failure);
        break;
      case "finished":
        this.#line("out", entry.text);
        break;
      case "failed-totals":
        this.#line("err", entry.text);
    }
  }

  #place(failure: Failure): void {
    const { err } = this.#context;
    writeLines(err, this.#prefixed(foundPlaceLines(failure, this.#failureLook())));
  }

  #failureLook(): FailureViewOptions {
    const { err, env } = this.#context;
    const { color, debug } = this.#options;
    return {
      style: colorsFor(err, env, color),
      columns: err.isTTY ? err.columns : Infinity,
      debug,
    };
  }

  #result(event: Parameters<typeof resultLines>[0]): void {
    const { out, env } = this.#context;
    const style = colorsFor(out, env, this.#options.color);
    // A file or a pipe has no width.
    const columns = out.isTTY ? out.columns : Infinity;
    const look = { style, columns, now: this.#context.now(), isExact: !out.isTTY };
    writeLines(out, this.#prefixed(resultLines(event, this.#options, look)));
  }

  #step({ row, state, tookMs, reason, notices = [] }: StepEntry): void {
    if (!this.#options.quiet)
      for (const text of notices) this.#line("err", `${rowText(row)} notice: ${text}`);
    if (progress.has(state) && this.#options.quiet) return;
    const took = tookMs === undefined ? "" : ` ${seconds(tookMs)}`;
    const why = reason === undefined ? "" : ` (${reason})`;
    this.#line(progress.has(state) ? "err" : "out", `${rowText(row)} ${state}${took}${why}`);
  }

  #prefixed(lines: readonly Styled[]): Styled[] {
    const prefix = plain(this.#options.prefix ?? "");
    return lines.map((line) => styled`${prefix}${line}`);
  }

  #line(stream: "out" | "err", text: string): void {
    const { environment } = this.#options;
    const line = plain(`${clock(this.#context.now())} ${environment} ${text}`);
    writeLines(this.#context[stream], [line]);
  }
}

function rowText(row: Row): string {
  return `${row.database} ${rowLabel(row)}`;
}
