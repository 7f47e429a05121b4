import { impactLine } from "../impact-lines.ts";
import { plural } from "../format.ts";
import { fencedCode, htmlText, markdownTable } from "../markdown/markdown-text.ts";
import {
  remarkWords,
  type EnvironmentPlan,
  type PlannedRow,
  type PlanReport,
} from "./plan-report.ts";

/** GitHub refuses a comment of more than 65,536 characters. */
const longestReport = 60_000;
/** Rows of one table. */
const mostRows = 100;
/** SQL of one file. */
const mostLines = 150;
const mostCharacters = 6000;
/** A message or a name in a cell. */
const longestText = 300;

/**
 * What would run where, as Markdown for a pull request: environments with the same plan share a table, and each SQL text is shown
 * once.
 */
export function plansMarkdown({ plans, comparesProject }: PlanReport): string {
  const groups = groupsOf(plans);
  const several =
    new Set(groups.flatMap(({ rows }) => rows.map(({ database }) => database))).size > 1;
  return fitted([
    "### hasura-migrate plan",
    overview(plans, comparesProject),
    ...groups.map((group) => groupTable(group, { several, named: plans.length > 1 })),
    ...impactTable(plans),
    ...sqlBlocks(newFirst(groups.flatMap(({ rows }) => rows))),
  ]);
}

/** As many of the parts as there is room for, in their order, and how many were left out. */
function fitted(parts: readonly string[]): string {
  const shown: string[] = [];
  let length = 0;
  for (const part of parts) {
    if (length + part.length > longestReport) continue;
    shown.push(part);
    length += part.length + 2;
  }
  const left = parts.length - shown.length;
  const note = `_${plural(left, "part")} of this report omitted because of the length limit._`;
  return `${[...shown, ...(left > 0 ? [note] : [])].join("\n\n")}\n`;
}

function overview(plans: readonly EnvironmentPlan[], comparesProject: boolean): string {
  const source = plans.some(({ isUploaded }) => isUploaded) ? "migrations" : "image";
  const heads = ["environment", "pending", ...(comparesProject ? ["new here"] : []), source];
  const rows = plans.slice(0, mostRows).map((plan) => {
    const { pending, added } = counts(plan);
    return [
      plan.environment,
      pending,
      ...(comparesProject ? [added] : []),
      sourceText(plan, source),
    ];
  });
  return [
    markdownTable(heads, rows),
    ...moreThan(plans.length, "environment"),
    ...(comparesProject
      ? [
          "",
          "_New here_: in this checkout but not in the image; they run once an image that contains them is deployed.",
        ]
      : []),
  ].join("\n");
}

function counts(plan: EnvironmentPlan): { readonly pending: string; readonly added: string } {
  if (plan.rows === undefined) return { pending: "?", added: "?" };
  const added = plan.rows.filter(({ isNew }) => isNew).length;
  return {
    pending: String(plan.rows.length - added),
    added: plan.isCompared ? String(added) : "?",
  };
}

/** Where the migrations come from, or why there is no plan. */
function sourceText(plan: EnvironmentPlan, head: "migrations" | "image"): string {
  if (plan.rows === undefined) return short(`no plan: ${plan.failure ?? "it was not queried"}`);
  return head === "image" ? plan.image.replace(/^image /, "") : short(plan.image);
}

/** Environments in which the same is going to run. */
interface Group {
  readonly environments: string[];
  readonly rows: readonly PlannedRow[];
}

function groupsOf(plans: readonly EnvironmentPlan[]): Group[] {
  const groups = new Map<string, Group>();
  for (const { environment, rows = [] } of plans) {
    if (rows.length === 0) continue;
    // The sizes of tables differ between environments.
    const key = JSON.stringify(rows.map((row) => ({ ...row, impacts: [] })));
    const known = groups.get(key);
    if (known) known.environments.push(environment);
    else groups.set(key, { environments: [environment], rows });
  }
  return [...groups.values()];
}

function groupTable(
  { environments, rows }: Group,
  { several, named }: { readonly several: boolean; readonly named: boolean },
): string {
  const heads = ["version", "name", ...(several ? ["database"] : []), ""];
  const shown = rows
    .slice(0, mostRows)
    .map((row) => [
      row.version,
      short(row.name),
      ...(several ? [short(row.database)] : []),
      short([...(row.isNew ? ["new here"] : []), ...row.remarks.map(remarkWords)].join(", ")),
    ]);
  return [
    ...(named ? [`#### ${environments.join(", ")}`, ""] : []),
    markdownTable(heads, shown),
    ...moreThan(rows.length, "migration"),
  ].join("\n");
}

/** What statements do to tables, with the environments for which this is the same; nothing if there are no such statements. */
function impactTable(plans: readonly EnvironmentPlan[]): string[] {
  const found = new Map<string, { readonly cells: string[]; readonly environments: string[] }>();
  for (const { environment, rows = [] } of plans)
    for (const { version, name, impacts = [] } of rows)
      for (const impact of impacts) {
        const cells = [`${version} ${short(name)}`, short(impactLine(impact))];
        const known = found.get(cells.join("\n"));
        if (known) known.environments.push(environment);
        else found.set(cells.join("\n"), { cells, environments: [environment] });
      }
  if (found.size === 0) return [];
  const named = plans.length > 1;
  const shown = [...found.values()]
    .slice(0, mostRows)
    .map(({ cells, environments }) => [...cells, ...(named ? [environments.join(", ")] : [])]);
  return [
    [
      "#### Statements to check",
      "",
      markdownTable(["migration", "what it does", ...(named ? ["in"] : [])], shown),
      ...moreThan(found.size, "statement"),
    ].join("\n"),
  ];
}

/** What a pull request is about comes before what is pending anyway, and may be too long to be shown with it. */
function newFirst(rows: readonly PlannedRow[]): PlannedRow[] {
  return rows.toSorted((a, b) => Number(b.isNew) - Number(a.isNew));
}

/** The SQL of each migration, folded: one block for each different text. */
function sqlBlocks(rows: readonly PlannedRow[]): string[] {
  const blocks = rows.flatMap(({ database, version, name, sql }) => {
    if (sql === undefined || sql.trim() === "") return [];
    const title = htmlText(short(`${version} ${name} (${database})`));
    return [
      `<details><summary><code>${title}</code></summary>\n\n${fencedCode(...shortSql(sql))}\n\n</details>`,
    ];
  });
  return [...new Set(blocks)];
}

function shortSql(sql: string): [text: string, language: string] {
  const lines = sql.replace(/\n+$/, "").split("\n");
  const shown = lines.slice(0, mostLines).join("\n").slice(0, mostCharacters);
  const left = lines.length - shown.split("\n").length;
  const isCut = shown.length < lines.join("\n").length;
  return [
    isCut ? `${shown}\n-- … ${left > 0 ? plural(left, "more line") : "and more"}` : shown,
    "sql",
  ];
}

function moreThan(count: number, noun: string): string[] {
  return count > mostRows ? ["", `… and ${plural(count - mostRows, `more ${noun}`)}`] : [];
}

function short(text: string): string {
  return text.length > longestText ? `${text.slice(0, longestText - 1)}…` : text;
}
