import type { CliContext } from "../../../context.ts";
import { plainRenderer } from "../../renderers/plain.ts";
import { colorsFor } from "../../terminal/colors.ts";
import { plain, styled, type Styled } from "../../terminal/styled.ts";
import { previewLines } from "../../views/preview.ts";
import { EnvironmentViews } from "../environment-view.ts";
import { endLines } from "../end-lines.ts";
import { memberRenderer } from "../member-renderer.ts";
import type { SeveralOptions, SeveralRenderer } from "../several-renderer.ts";

/** Lines that are only ever appended, each with its environment, and a table at the end. */
export function severalPlain(context: CliContext, options: SeveralOptions): SeveralRenderer {
  const { out, err, env, now } = context;
  const { quiet, color } = options;
  const views = new EnvironmentViews(options.environments, options.operation);
  const write = (sink: typeof out, lines: readonly Styled[]): void => {
    for (const line of lines) sink.writeStyled(styled`${line}\n`);
  };
  return {
    get views() {
      return views.all;
    },
    member: (environment) =>
      memberRenderer({
        change: (change) => views.change(environment, change),
        now,
        inner: plainRenderer(context, { ...options, environment, prefix: `${environment} │ ` }),
        // The answers to status are shown as one matrix.
        holdsBack: (type) => type === "status",
      }),
    waiting: (text) => {
      if (!quiet) write(err, [plain(text)]);
    },
    preview: (environment, event) => {
      const style = colorsFor(err, env, color);
      write(err, [style.bold(environment), ...previewLines(event, style, err.columns)]);
    },
    begin: () => undefined,
    started: (environment) => views.change(environment, { type: "started", at: now() }),
    ended: (environment, result) => views.change(environment, { type: "ended", result, at: now() }),
    skipped: (environment, reason) => views.change(environment, { type: "skipped", reason }),
    finish: (_result, matrix) => {
      const style = colorsFor(out, env, color);
      const look = { style, columns: out.isTTY ? out.columns : Infinity };
      write(out, endLines(views.all, { matrix, ...options.matrix, ...look, now: now() }));
    },
    close: () => undefined,
  };
}
