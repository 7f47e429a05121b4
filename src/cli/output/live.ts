import { spinners } from "ora";
import type { EventOf, RunEvent } from "../../protocol/events.ts";
import { fromFailureData, type Failure, type FailureData } from "../../protocol/failure.ts";
import type { UnknownEvent } from "../../protocol/ndjson.ts";
import type { World } from "../world.ts";
import { banner } from "./banner.ts";
import { failureLines } from "./failure-card.ts";
import { cancelLine, historyLines } from "./history-table.ts";
import { itemLine, planLines } from "./plan-table.ts";
import { begun, ended, newProgress, planned, severalDatabases, type Progress, type Row } from "./progress.ts";
import { liveRegion, type Region } from "./region.ts";
import type { About, Renderer } from "./renderer.ts";
import { statusLines } from "./status-table.ts";
import { styleFor, type Style } from "./style.ts";
import { finishedLine, planHeader, remarkOf } from "./text.ts";
import { clean, cut, duration, pad, columnsOf, wrap } from "./words.ts";

/** Its frames only: what draws them is the region, which keeps several lines and writes to either stream. */
const spinner = spinners.dots.frames;
/** Rows of the plan that stand below the running one; more are counted. */
const mostWaiting = 8;

/** Rows that first stand as a plan and then fill in; whatever is finished stays above and is never drawn over. */
export function liveRows(world: World, about: About): Renderer {
  return new LiveRows(world, about);
}

class LiveRows implements Renderer {
  readonly #world: World;
  readonly #about: About;
  readonly #style: Style;
  readonly #region: Region;
  readonly #stopTicking: () => void;
  readonly #progress: Progress = newProgress();
  #frame = 0;
  #status: string | undefined;
  #dryRun = false;

  constructor(world: World, about: About) {
    this.#world = world;
    this.#about = about;
    this.#style = styleFor(world.out, world.env, about.color);
    this.#region = liveRegion(world.err);
    this.#stopTicking = world.every(100, () => this.#tick());
  }

  waiting(text: string): void {
    this.#status = text;
    this.#draw();
  }

  notice(line: string): void {
    this.#above(this.#world.err, [line]);
  }

  fact(line: string): void {
    this.#above(
      this.#world.err,
      wrap(clean(line), this.#world.err.columns).map((text) => this.#style.dim(text)),
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
        this.#above(this.#world.out, statusLines(event, this.#style, this.#world.out.columns));
        return;
      }
      case "history": {
        this.#above(
          this.#world.out,
          historyLines(event, { whole: this.#about.run !== undefined, style: this.#style, columns: this.#world.out.columns }),
        );
        return;
      }
      case "cancel.asked": {
        this.#above(this.#world.out, [cancelLine(event, this.#about.environment)]);
        return;
      }
      case "migration.started":
        begun(this.#progress, event, this.#world);
        {
          this.#draw();
          return;
        }
      case "migration.applied":
        ended(this.#progress, event);
        this.#progress.applied += 1;
        {
          this.#above(this.#world.out, [
            this.#row(this.#style.green(event.direction === "up" ? "✓" : "↓"), event, duration(event.tookMs)),
            ...(event.notices ?? []).flatMap((text) => wrap(clean(text), this.#world.out.columns - 4)).map((line) => `    ${line}`),
          ]);
          return;
        }
      case "migration.failed": {
        this.#failedRow(event);
        return;
      }
      case "migration.skipped":
        ended(this.#progress, event);
        {
          this.#above(this.#world.out, [this.#row("·", event, event.reason)]);
          return;
        }
      case "migration.unknown": {
        this.#above(this.#world.err, [this.#row(this.#style.yellow("!"), event, `outcome unknown: ${event.reason}`)]);
        return;
      }
      case "migration.marked": {
        this.#above(this.#world.out, [this.#row(this.#style.green("✓"), event, `marked ${event.as}`)]);
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
        const remark = remarkOf(event);
        if (remark !== undefined) this.#above(this.#world.err, [remark]);
      }
    }
  }

  failed(failure: Failure): void {
    this.#end();
    for (const line of this.#card(failure)) this.#world.err.write(`${line}\n`);
  }

  close(): void {
    this.#end();
    this.#stopTicking();
  }

  #begin(event: EventOf<"run.started">): void {
    const first = this.#progress.started === undefined;
    this.#progress.started = event;
    const reached = this.#about.reached();
    if (reached && first) this.#above(this.#world.err, [this.#style.bold(banner(event, reached, this.#world.now()))]);
  }

  #plan(event: EventOf<"plan">): void {
    planned(this.#progress, event);
    this.#dryRun = event.dryRun ?? false;
    if (this.#dryRun || this.#about.operation === "plan") {
      this.#above(this.#world.out, planLines(event, this.#style, this.#world.out.columns));
      return;
    }
    this.#above(this.#world.err, event.databases.filter(({ items }) => items.length > 0).map(planHeader));
  }

  #failedRow(event: EventOf<"migration.failed">): void {
    ended(this.#progress, event);
    this.#progress.shownFailure = event.failure.message;
    const head = this.#row(this.#style.red("✗"), event, `failed after ${duration(event.tookMs)}`);
    this.#above(this.#world.err, [head, ...this.#cardBelow(event.failure)]);
  }

  #finished(event: EventOf<"run.finished">): void {
    const already = this.#progress.databases.reduce((sum, it) => sum + it.applied, 0);
    const line = finishedLine(event, this.#about.operation, { dryRun: this.#dryRun, planned: this.#progress.pending.length, already });
    this.#end();
    if (line !== undefined) this.#world.out.write(`${event.cancelled ? "·" : this.#style.green("✓")} ${line}\n`);
  }

  #closed({ failure, applied, notReached }: EventOf<"run.failed">): void {
    this.#end();
    if (this.#progress.shownFailure !== failure.message)
      for (const line of this.#card(fromFailureData(failure))) this.#world.err.write(`${line}\n`);
    if (applied + notReached > 0) this.#world.err.write(`  applied before it: ${applied} · not reached: ${notReached}\n`);
  }

  #card(failure: Failure): string[] {
    return failureLines(failure, { style: this.#style, columns: this.#world.err.columns, debug: this.#about.debug });
  }

  /** Below the row of its migration, and moved in a little. */
  #cardBelow(failure: FailureData): string[] {
    const options = { style: this.#style, columns: this.#world.err.columns - 2, debug: this.#about.debug, below: true };
    return failureLines(fromFailureData(failure), options).map((line) => `  ${line}`);
  }

  #row(sign: string, { database, version, name }: Row, end: string): string {
    const prefix = severalDatabases(this.#progress) ? `${clean(database)}  ` : "";
    const room = Math.max(8, this.#world.out.columns - 5 - columnsOf(prefix) - version.length - 2 - columnsOf(end));
    const width = Math.min(room, this.#widest());
    return `${sign} ${prefix}${version}  ${pad(cut(name, room), width)}  ${cut(end, this.#world.out.columns)}`;
  }

  #widest(): number {
    return Math.max(0, ...this.#progress.databases.flatMap(({ items }) => items.map(({ name }) => columnsOf(clean(name)))));
  }

  #tick(): void {
    this.#frame += 1;
    if (this.#status !== undefined || this.#progress.running) this.#draw();
  }

  #draw(): void {
    const sign = this.#style.cyan(spinner[this.#frame % spinner.length] ?? "");
    const columns = this.#world.err.columns;
    const { running, pending } = this.#progress;
    const lines: string[] = [];
    if (running) lines.push(this.#row(sign, running, duration(this.#world.now() - running.sinceMs)));
    if (running || this.#progress.applied > 0) {
      lines.push(...pending.slice(0, mostWaiting).map((row) => this.#style.dim(itemLine(row.item, this.#widest(), columns))));
      if (pending.length > mostWaiting) lines.push(this.#style.dim(`  … and ${pending.length - mostWaiting} more`));
    }
    if (this.#status !== undefined) lines.push(`${sign} ${cut(this.#status, columns - 3)}`);
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
