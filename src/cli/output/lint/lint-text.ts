import type { Finding, LintMigration } from "../../../lint/finding.ts";
import type { CliContext } from "../../context.ts";
import { plural } from "../format.ts";
import { colorsFor, type Style } from "../terminal/colors.ts";
import { writeLines } from "../terminal/sink.ts";
import { plain, styled, type Styled } from "../terminal/styled.ts";
import { wrap } from "../terminal/width.ts";
import { codeFrameLines } from "../views/code-frame.ts";
import { countsOf, countsText } from "./lint-counts.ts";
import type { LintReport, LintReportOptions } from "./lint-report.ts";

interface Look {
  readonly style: Style;
  readonly columns: number;
}

/** Each finding with its line, the problem and what to do; at the end the counts. */
export function writeText(
  { out, err, env }: CliContext,
  { color, quiet = false }: LintReportOptions,
  { findings, migrations, checked }: LintReport,
): void {
  const look = { style: colorsFor(out, env, color), columns: out.isTTY ? out.columns : Infinity };
  const textOf = linesByFile(migrations);
  for (const finding of findings) writeLines(out, findingLines(finding, textOf, look));
  const counts = countsOf(findings);
  if (findings.length > 0) writeLines(out, [plain(countsText(counts))]);
  else if (!quiet) err.write(`${plural(checked, "migration")} checked: no findings\n`);
}

type LineOf = (file: string, line: number) => string;

/** Splits a file into lines once, and only if it has findings. */
function linesByFile(migrations: readonly LintMigration[]): LineOf {
  const texts = new Map(
    migrations.flatMap(({ up, down }) =>
      [up, down].flatMap((file) => (file ? [[file.path, file.text] as const] : [])),
    ),
  );
  const split = new Map<string, readonly string[]>();
  return (file, line) => {
    const lines = split.get(file) ?? (texts.get(file) ?? "").split(/\r\n|\n|\r/);
    split.set(file, lines);
    return lines[line - 1] ?? "";
  };
}

const longest = 100;

function findingLines(finding: Finding, lineOf: LineOf, { style, columns }: Look): Styled[] {
  const { file, line, column, rule, message, safeWay } = finding;
  const where = plain(`${file}:${String(line)}:${String(column)}`);
  const text = lineOf(file, line);
  const place = { line, column, text };
  const room = Math.min(columns, longest) - 4;
  const indented = (words: string, sign: string) =>
    wrap(plain(words), room).map((part, i) => styled`  ${plain(i === 0 ? sign : " ")} ${part}`);
  return [
    styled`${signOf(finding, style)} ${where}  ${style.bold(rule)}`,
    ...(text === ""
      ? indented(message, " ")
      : codeFrameLines(place, message, style, Math.min(columns, longest))),
    ...indented(safeWay, "→"),
    plain(""),
  ];
}

function signOf({ severity }: Finding, style: Style): Styled {
  if (severity === "error") return style.red("✗");
  return severity === "warning" ? style.yellow("!") : style.dim("·");
}
