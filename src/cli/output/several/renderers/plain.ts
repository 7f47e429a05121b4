import type { CliContext } from "../../../context.ts";
import { plainRenderer } from "../../renderers/plain.ts";
import { colorsFor } from "../../terminal/colors.ts";
import { writeLines } from "../../terminal/sink.ts";
import { plain } from "../../terminal/styled.ts";
import { previewLines } from "../../views/preview.ts";
import { EnvironmentViews } from "../environment-view.ts";
import { endLines } from "../end-lines.ts";
import { memberRenderer } from "../member-renderer.ts";
import type { SeveralOptions, SeveralRenderer } from "../several-renderer.ts";

/** Events that show something on stdout, in commands that print Markdown. */
const isPrinted: ReadonlySet<string> = new Set(["plan", "metadata.diff", "run.finished"]);

/** Lines that are only ever appended, each with its environment, and a table at the end. */
export function severalPlain(context: CliContext, options: SeveralOptions): SeveralRenderer {
  const { out, err, env, now } = context;
  const { quiet, color } = options;
  const views = new EnvironmentViews(options.environments, options.operation);
  return {
    views,
    member: (environment) =>
      memberRenderer({
        change: (change) => views.change(environment, change),
        now,
        inner: plainRenderer(context, { ...options, environment, prefix: `${environment} │ ` }),
        // The answers to status are shown as one matrix, and Markdown is printed alone.
        holdsBack: (type) => type === "status" || (options.markdown && isPrinted.has(type)),
      }),
    waiting: (text) => {
      if (!quiet) writeLines(err, [plain(text)]);
    },
    stillWaiting: () => undefined,
    preview: (environment, event) => {
      const style = colorsFor(err, env, color);
      writeLines(err, [style.bold(environment), ...previewLines(event, style, err.columns)]);
    },
    begin: () => undefined,
    finish: (_result, report, page) => {
      if (page !== undefined) {
        out.write(page);
        return;
      }
      const style = colorsFor(out, env, color);
      const look = { style, columns: out.isTTY ? out.columns : Infinity };
      writeLines(out, endLines(views.all, { report, ...options, ...look, now: now() }));
    },
    close: () => undefined,
  };
}
