import { spinners } from "ora";
import type { EventOf, RunEvent } from "../../../protocol/events.ts";
import { fromFailureData, type Failure, type FailureData } from "../../../protocol/failure.ts";
import type { UnknownEvent } from "../../../protocol/ndjson.ts";
import type { CliContext } from "../../context.ts";
import { banner } from "../views/banner.ts";
import { failureLines } from "../views/failure.ts";
import { cancelLine, historyLines } from "../views/history.ts";
import { itemLine, planLines } from "../views/plan.ts";
import {
  markStarted,
  markFinished,
  newProgress,
  applyPlan,
  severalDatabases,
  type RunProgress,
  type Row,
} from "../run-view.ts";
import { liveRegion, type Region } from "../terminal/live-region.ts";
import type { RenderOptions, Renderer } from "../renderer.ts";
import { statusLines } from "../views/status.ts";
import { colorsFor, type Style } from "../terminal/colors.ts";
import { finishedLine, planHeader, eventLine } from "../messages.ts";
import { escapeControls, truncate, duration, padEnd, textWidth, wrap } from "../format.ts";

/** Its frames only: what draws them is the region, which keeps several lines and writes to either stream. */
const spinner = spinners.dots.frames;
/** Rows of the plan that stand below the running one; more are counted. */
const mostWaiting = 8;

/** Rows that first stand as a plan and then fill in; whatever is finished stays above and is never drawn over. */
export function liveRows(context: CliContext, about: RenderOptions): Renderer {
  return new LiveRows(context, about);
}

class LiveRows implements Renderer {
  readonly #context: CliContext;
  readonly #about: RenderOptions;
  readonly #style: Style;
  readonly #region: Region;
  readonly #stopTicking: () => void;
  readonly #progress: RunProgress = newProgress();
  #frame = 0;
  #status: string | undefined;
  #dryRun = false;

  constructor(context: CliContext, about: RenderOptions) {
    this.#context = context;
    this.#about = about;
    this.#style = colorsFor(context.out, context.env, about.color);
    this.#region = liveRegion(context.err);
    this.#stopTicking = context.every(100, () => this.#tick());
  }

  waiting(text: string): void {
    this.#status = text;
    this.#draw();
  }

  notice(line: string): void {
    this.#above(this.#context.err, [line]);
  }

  fact(line: string): void {
    this.#above(
      this.#context.err,
      wrap(escapeControls(line), this.#context.err.columns).map((text) => this.#style.dim(text)),
    );
  }

  event(event: RunEvent | UnknownEvent): void {
    this.#status = undefined;
    switch (event.type) {
      case "run.started": {
        this.#begin(event);
        return;
      }
      case "plan": {
        this.#plan(event);
        return;
      }
      case "status": {
        this.#above(this.#context.out, statusLines(event, this.#style, this.#context.out.columns));
        return;
      }
      case "history": {
        this.#above(
          this.#context.out,
          historyLines(event, {
            whole: this.#about.run !== undefined,
            style: this.#style,
            columns: this.#context.out.columns,
          }),
        );
        return;
      }
      case "cancel.requested": {
        this.#above(this.#context.out, [cancelLine(event, this.#about.environment)]);
        return;
      }
      case "migration.started":
        markStarted(this.#progress, event, this.#context);
        {
          this.#draw();
          return;
        }
      case "migration.applied":
        markFinished(this.#progress, event);
        this.#progress.applied += 1;
        {
          this.#above(this.#context.out, [
            this.#row(
              this.#style.green(event.direction === "up" ? "✓" : "↓"),
              event,
              duration(event.tookMs),
            ),
            ...(event.notices ?? [])
              .flatMap((text) => wrap(escapeControls(text), this.#context.out.columns - 4))
              .map((line) => `    ${line}`),
          ]);
          return;
        }
      case "migration.failed": {
        this.#failedRow(event);
        return;
      }
      case "migration.skipped":
        markFinished(this.#progress, event);
        {
          this.#above(this.#context.out, [this.#row("·", event, event.reason)]);
          return;
        }
      case "migration.unknown": {
        this.#above(this.#context.err, [
          this.#row(this.#style.yellow("!"), event, `outcome unknown: ${event.reason}`),
        ]);
        return;
      }
      case "migration.marked": {
        this.#above(this.#context.out, [
          this.#row(this.#style.green("✓"), event, `marked ${event.as}`),
        ]);
        return;
      }
      case "waiting":
        this.#status = event.message;
        {
          this.#draw();
          return;
        }
      case "run.finished": {
        this.#finished(event);
        return;
      }
      case "run.failed": {
        this.#closed(event);
        return;
      }
      default: {
        const remark = eventLine(event);
        if (remark !== undefined) this.#above(this.#context.err, [remark]);
      }
    }
  }

  failed(failure: Failure): void {
    this.#end();
    for (const line of this.#card(failure)) this.#context.err.write(`${line}\n`);
  }

  close(): void {
    this.#end();
    this.#stopTicking();
  }

  #begin(event: EventOf<"run.started">): void {
    const first = this.#progress.started === undefined;
    this.#progress.started = event;
    const reached = this.#about.reached();
    if (reached && first)
      this.#above(this.#context.err, [
        this.#style.bold(banner(event, reached, this.#context.now())),
      ]);
  }

  #plan(event: EventOf<"plan">): void {
    applyPlan(this.#progress, event);
    this.#dryRun = event.dryRun ?? false;
    if (this.#dryRun || this.#about.operation === "plan") {
      this.#above(this.#context.out, planLines(event, this.#style, this.#context.out.columns));
      return;
    }
    this.#above(
      this.#context.err,
      event.databases.filter(({ items }) => items.length > 0).map(planHeader),
    );
  }

  #failedRow(event: EventOf<"migration.failed">): void {
    markFinished(this.#progress, event);
    this.#progress.shownFailure = event.failure.message;
    const head = this.#row(this.#style.red("✗"), event, `failed after ${duration(event.tookMs)}`);
    this.#above(this.#context.err, [head, ...this.#cardBelow(event.failure)]);
  }

  #finished(event: EventOf<"run.finished">): void {
    const already = this.#progress.databases.reduce((sum, it) => sum + it.applied, 0);
    const line = finishedLine(event, this.#about.operation, {
      dryRun: this.#dryRun,
      planned: this.#progress.pending.length,
      already,
    });
    this.#end();
    if (line !== undefined)
      this.#context.out.write(`${event.cancelled ? "·" : this.#style.green("✓")} ${line}\n`);
  }

  #closed({ failure, applied, notReached }: EventOf<"run.failed">): void {
    this.#end();
    if (this.#progress.shownFailure !== failure.message)
      for (const line of this.#card(fromFailureData(failure))) this.#context.err.write(`${line}\n`);
    if (applied + notReached > 0)
      this.#context.err.write(`  applied before it: ${applied} · not reached: ${notReached}\n`);
  }

  #card(failure: Failure): string[] {
    return failureLines(failure, {
      style: this.#style,
      columns: this.#context.err.columns,
      debug: this.#about.debug,
    });
  }

  /** Below the row of its migration, and moved in a little. */
  #cardBelow(failure: FailureData): string[] {
    const options = {
      style: this.#style,
      columns: this.#context.err.columns - 2,
      debug: this.#about.debug,
      below: true,
    };
    return failureLines(fromFailureData(failure), options).map((line) => `  ${line}`);
  }

  #row(sign: string, { database, version, name }: Row, end: string): string {
    const prefix = severalDatabases(this.#progress) ? `${escapeControls(database)}  ` : "";
    const room = Math.max(
      8,
      this.#context.out.columns - 5 - textWidth(prefix) - version.length - 2 - textWidth(end),
    );
    const width = Math.min(room, this.#widest());
    return `${sign} ${prefix}${version}  ${padEnd(truncate(name, room), width)}  ${truncate(end, this.#context.out.columns)}`;
  }

  #widest(): number {
    return Math.max(
      0,
      ...this.#progress.databases.flatMap(({ items }) =>
        items.map(({ name }) => textWidth(escapeControls(name))),
      ),
    );
  }

  #tick(): void {
    this.#frame += 1;
    if (this.#status !== undefined || this.#progress.running) this.#draw();
  }

  #draw(): void {
    const sign = this.#style.cyan(spinner[this.#frame % spinner.length] ?? "");
    const columns = this.#context.err.columns;
    const { running, pending } = this.#progress;
    const lines: string[] = [];
    if (running)
      lines.push(this.#row(sign, running, duration(this.#context.now() - running.sinceMs)));
    if (running || this.#progress.applied > 0) {
      lines.push(
        ...pending
          .slice(0, mostWaiting)
          .map((row) => this.#style.dim(itemLine(row.item, this.#widest(), columns))),
      );
      if (pending.length > mostWaiting)
        lines.push(this.#style.dim(`  … and ${pending.length - mostWaiting} more`));
    }
    if (this.#status !== undefined) lines.push(`${sign} ${truncate(this.#status, columns - 3)}`);
    this.#region.draw(lines);
  }

  #above(sink: { write(text: string): void }, lines: readonly string[]): void {
    this.#region.clear();
    for (const line of lines) sink.write(`${line}\n`);
    this.#draw();
  }

  #end(): void {
    this.#status = undefined;
    this.#progress.running = undefined;
    this.#progress.pending = [];
    this.#region.clear();
  }
}
