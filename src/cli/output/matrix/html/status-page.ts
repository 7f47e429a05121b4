import { createHash } from "node:crypto";
import { plural } from "../../format.ts";
import { jsonLine } from "../../json-line.ts";
import type { Matrix, MatrixColumn } from "../matrix.ts";
import template from "./browser/page.html?raw";
import style from "./browser/page.css?raw";
import script from "./browser/page.js?raw";
import { environmentsTable } from "./environments-table.ts";
import { html } from "./html-text.ts";
import { legend, matrixTable } from "./matrix-table.ts";
import { pageData } from "./page-data.ts";

export interface StatusPageOptions {
  /** Epoch milliseconds. */
  readonly now: number;
  /** Of this program. */
  readonly version: string;
  /** Opens with the rows that are the same everywhere too. */
  readonly full: boolean;
}

/** With more environments, or longer names, the names are rotated to vertical. */
const mostLevel = { columns: 10, characters: 14 };

/**
 * Migrations by environments as one HTML file that loads nothing. Without its script it is a table; with it, it can be searched and
 * filtered, and shows who applied what and when.
 */
export function statusPage(matrix: Matrix, { now, version, full }: StatusPageOptions): string {
  const { columns, rows } = matrix;
  const [first] = columns;
  const title =
    columns.length === 1 && first
      ? `Migrations of ${first.environment}`
      : "Migrations by environment";
  const madeAt = new Date(now).toISOString();
  const isFiltered = !full && rows.some(({ differs }) => differs);
  return filled({
    policy: contentPolicy(),
    title: html(title),
    summary: html(summaryText(matrix)),
    madeAt,
    madeAtText: `${madeAt.slice(0, 16).replace("T", " ")} UTC`,
    version: html(version),
    environments: environmentsTable(matrix),
    differences: isFiltered ? " checked" : "",
    legend: legend(matrix),
    layout: isLevel(columns) ? "few" : "many",
    matrix: matrixTable(matrix),
    style: `<style>${style}</style>`,
    // A browser reads up to the next `</script`, whatever it stands in.
    data: `<script type="application/json" id="data">${jsonLine(pageData(matrix)).replaceAll("<", "\\u003c")}</script>`,
    script: `<script>${script}</script>`,
  });
}

/** The template with its places filled in; what is filled in is not looked at again. */
function filled(parts: Readonly<Record<string, string>>): string {
  return template.replace(/\{\{(\w+)\}\}/g, (_, name: string) => parts[name] ?? "");
}

/** Only this style and this script, and nothing from any address. */
function contentPolicy(): string {
  const hash = (text: string): string =>
    `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
  return [
    "default-src 'none'",
    `style-src ${hash(style)}`,
    `script-src ${hash(script)}`,
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
}

function isLevel(columns: readonly MatrixColumn[]): boolean {
  const longest = Math.max(0, ...columns.map(({ environment }) => environment.length));
  return columns.length <= mostLevel.columns && longest <= mostLevel.characters;
}

/** `12 of 214 migrations differ · 9 environments, 1 without an answer`. */
function summaryText({ rows, columns }: Matrix): string {
  const silent = columns.filter(({ status }) => status === undefined).length;
  const environments = plural(columns.length, "environment");
  const where = silent === 0 ? environments : `${environments}, ${silent} without an answer`;
  return `${migrationsText(rows, { silent, answered: columns.length - silent })} · ${where}`;
}

function migrationsText(
  rows: Matrix["rows"],
  { silent, answered }: { readonly silent: number; readonly answered: number },
): string {
  const all = plural(rows.length, "migration");
  const differing = rows.filter(({ differs }) => differs).length;
  if (differing > 0) return `${differing} of ${all} ${differing === 1 ? "differs" : "differ"}`;
  if (answered === 0 || rows.length === 0) return all;
  const everywhere = silent === 0 ? "everywhere" : "in every environment that answered";
  return `${all}, ${rows.length === 1 ? "" : "all "}applied ${everywhere}`;
}
