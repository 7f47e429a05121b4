import type { RunEvent } from "../../../protocol/events.ts";
import { fromFailureData, type Failure, type FailureData } from "../../../protocol/failure.ts";
import type { UnknownEvent } from "../../../protocol/ndjson.ts";
import type { CliContext } from "../../context.ts";
import { banner } from "../views/banner.ts";
import { failureLines } from "../views/failure.ts";
import { cancelLine, historyLines } from "../views/history.ts";
import { planLines } from "../views/plan.ts";
import {
  markStarted,
  markFinished,
  newProgress,
  applyPlan,
  type RunProgress,
  type Row,
} from "../run-view.ts";
import type { RenderOptions, Renderer } from "../renderer.ts";
import { statusLines } from "../views/status.ts";
import { colorsFor } from "../terminal/colors.ts";
import { pastParticiple, finishedLine, planHeader, eventLine } from "../messages.ts";
import { escapeControls, clock, seconds } from "../format.ts";

/** Lines that are only ever appended, each with its time: complete, and easy to search. Results go to stdout, the rest to stderr. */
export function plainLines(context: CliContext, about: RenderOptions): Renderer {
  return new PlainLines(context, about);
}

class PlainLines implements Renderer {
  readonly #context: CliContext;
  readonly #about: RenderOptions;
  readonly #progress: RunProgress = newProgress();
  #dryRun = false;

  constructor(context: CliContext, about: RenderOptions) {
    this.#context = context;
    this.#about = about;
  }

  waiting(text: string): void {
    this.#aside(text);
  }

  notice(line: string): void {
    this.#aside(line);
  }

  fact(line: string): void {
    this.#aside(line);
  }

  event(event: RunEvent | UnknownEvent): void {
    switch (event.type) {
      case "run.started":
        // A run that goes on after a pause starts again, and is the same.
        if (!this.#progress.started) this.#banner(event);
        this.#progress.started = event;
        return;
      case "plan": {
        this.#plan(event);
        return;
      }
      case "status": {
        this.#result(
          statusLines(
            event,
            colorsFor(this.#context.out, this.#context.env, this.#about.color),
            this.#width(),
          ),
        );
        return;
      }
      case "history": {
        const style = colorsFor(this.#context.out, this.#context.env, this.#about.color);
        this.#result(
          historyLines(event, {
            whole: this.#about.run !== undefined,
            style,
            columns: this.#width(),
          }),
        );
        return;
      }
      case "cancel.requested": {
        this.#result([cancelLine(event, this.#about.environment)]);
        return;
      }
      case "migration.started":
        markStarted(this.#progress, event, this.#context);
        {
          this.#step(event, "started", "err");
          return;
        }
      case "heartbeat": {
        this.#heartbeat();
        return;
      }
      case "run.finished": {
        this.#finished(event);
        return;
      }
      case "run.failed": {
        this.#closed(event.failure, event.applied, event.notReached);
        return;
      }
      default: {
        this.#migration(event);
        return;
      }
    }
  }

  failed(failure: Failure): void {
    this.#card(failure);
  }

  close(): void {
    // Nothing is held back in this way of showing.
  }

  #migration(event: RunEvent | UnknownEvent): void {
    switch (event.type) {
      case "migration.applied":
        markFinished(this.#progress, event);
        if (!this.#about.quiet)
          for (const text of event.notices ?? []) this.#step(event, `notice: ${text}`, "err");
        {
          this.#step(event, `${pastParticiple(event.direction)} ${seconds(event.tookMs)}`, "out");
          return;
        }
      case "migration.failed":
        markFinished(this.#progress, event);
        this.#progress.shownFailure = event.failure.message;
        this.#step(event, `failed ${seconds(event.tookMs)}`, "out");
        {
          this.#card(fromFailureData(event.failure));
          return;
        }
      case "migration.skipped":
        markFinished(this.#progress, event);
        {
          this.#step(event, `skipped (${event.reason})`, "out");
          return;
        }
      case "migration.unknown": {
        this.#step(event, `outcome unknown (${event.reason})`, "err");
        return;
      }
      case "migration.marked": {
        this.#step(event, `marked ${event.as}`, "out");
        return;
      }
      default: {
        const remark = eventLine(event);
        if (remark !== undefined) this.#aside(remark);
      }
    }
  }

  #banner(event: Parameters<typeof banner>[0]): void {
    const reached = this.#about.reached();
    if (!this.#about.quiet && reached)
      this.#context.err.write(`${banner(event, reached, this.#context.now())}\n`);
  }

  #plan(event: Extract<RunEvent, { type: "plan" }>): void {
    applyPlan(this.#progress, event);
    this.#dryRun = event.dryRun ?? false;
    if (this.#dryRun || this.#about.operation === "plan") {
      this.#result(
        planLines(
          event,
          colorsFor(this.#context.out, this.#context.env, this.#about.color),
          this.#width(),
        ),
      );
      return;
    }
    for (const database of event.databases)
      if (database.items.length > 0) this.#aside(planHeader(database));
  }

  #finished(event: Extract<RunEvent, { type: "run.finished" }>): void {
    const already = this.#progress.databases.reduce((sum, it) => sum + it.applied, 0);
    const line = finishedLine(event, this.#about.operation, {
      dryRun: this.#dryRun,
      planned: this.#progress.pending.length,
      already,
    });
    if (line !== undefined) this.#line("out", line);
  }

  #closed(data: FailureData, applied: number, notReached: number): void {
    if (this.#progress.shownFailure !== data.message) this.#card(fromFailureData(data));
    if (applied + notReached > 0)
      this.#line("err", `applied before it: ${applied}, not reached: ${notReached}`);
  }

  #heartbeat(): void {
    const { running } = this.#progress;
    if (running)
      this.#step(running, `running ${seconds(this.#context.now() - running.sinceMs)}`, "err");
  }

  #step({ database, version, name }: Row, what: string, to: "out" | "err"): void {
    if (to === "err" && this.#about.quiet) return;
    this.#line(to, `${database} ${version} ${escapeControls(name)} ${what}`);
  }

  #line(to: "out" | "err", text: string): void {
    this.#context[to].write(
      `${clock(this.#context.now())} ${this.#about.environment} ${escapeControls(text)}\n`,
    );
  }

  #aside(text: string): void {
    if (!this.#about.quiet) this.#line("err", text);
  }

  #result(lines: readonly string[]): void {
    for (const line of lines) this.#context.out.write(`${line}\n`);
  }

  #card(failure: Failure): void {
    const style = colorsFor(this.#context.err, this.#context.env, this.#about.color);
    const columns = this.#context.err.isTTY ? this.#context.err.columns : Infinity;
    for (const line of failureLines(failure, { style, columns, debug: this.#about.debug }))
      this.#context.err.write(`${line}\n`);
  }

  /** A file or a pipe has no width: only a terminal cuts names short. */
  #width(): number {
    return this.#context.out.isTTY ? this.#context.out.columns : Infinity;
  }
}
