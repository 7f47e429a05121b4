import type { EventOf } from "../../../protocol/events.ts";
import type { MetadataChange, MetadataFieldChange } from "../../../protocol/metadata-change.ts";
import { plural } from "../format.ts";
import type { Style } from "../terminal/colors.ts";
import { plain, styled, type Styled } from "../terminal/styled.ts";
import { spaces, truncate, wrap } from "../terminal/width.ts";

interface DiffLook {
  readonly style: Style;
  readonly columns: number;
  /** Show objects inside added and removed ones, and the whole of long values. */
  readonly isFull: boolean;
}

/** The answer to `metadata diff`: each object that differs, below those that contain it, and what is inconsistent. */
export function metadataDiffLines(event: EventOf<"metadata.diff">, look: DiffLook): Styled[] {
  return [
    ...headingLines(event, look),
    ...changeLines(event.changes, look),
    ...inconsistentLines(event, look),
  ];
}

/** Each object that differs, below those that contain it. */
export function changeLines(changes: readonly MetadataChange[], look: DiffLook): Styled[] {
  return treeOf(changes).flatMap((node) => nodeLines(node, look, 1));
}

/** `12 objects differ, 3 need attention`. */
export function differencesText({ changes }: Pick<EventOf<"metadata.diff">, "changes">): string {
  const shown = changes.filter(({ isInside }) => !isInside).length;
  if (shown === 0) return "no difference";
  const marked = changes.filter(({ attention }) => attention.length > 0).length;
  const attention = marked === 0 ? "" : `, ${marked} ${marked === 1 ? "needs" : "need"} attention`;
  return `${plural(shown, "object")} ${shown === 1 ? "differs" : "differ"}${attention}`;
}

function headingLines(event: EventOf<"metadata.diff">, { style, columns }: DiffLook): Styled[] {
  const text = `metadata (resource version ${event.resourceVersion}): ${differencesText(event)}`;
  return wrap(text, columns).map((line) => style.bold(line));
}

/** An object with what differs inside it; without a change, only something inside it does. */
interface Node {
  readonly kind: string;
  readonly name: string;
  readonly change: MetadataChange | undefined;
  readonly children: readonly Node[];
}

function treeOf(changes: readonly MetadataChange[], depth = 0): Node[] {
  const groups = new Map<string, MetadataChange[]>();
  for (const change of changes) {
    const part = change.path[depth];
    if (part === undefined) continue;
    const key = `${part.kind}\0${part.name}`;
    groups.set(key, [...(groups.get(key) ?? []), change]);
  }
  return [...groups].map(([key, inside]) => {
    const [kind = "", name = ""] = key.split("\0");
    return {
      ...{ kind, name },
      change: inside.find(({ path }) => path.length === depth + 1),
      children: treeOf(
        inside.filter(({ path }) => path.length > depth + 1),
        depth + 1,
      ),
    };
  });
}

function nodeLines(node: Node, look: DiffLook, level: number): Styled[] {
  const shown = node.children.filter((child) => isShown(child, look));
  return [
    ...ownLines(node, look, level),
    ...shown.flatMap((child) => nodeLines(child, look, level + 1)),
  ];
}

/** An object inside one that is added or removed is part of that, unless it needs attention. */
function isShown({ change, children }: Node, look: DiffLook): boolean {
  if (look.isFull || change === undefined || !change.isInside) return true;
  return change.attention.length > 0 || children.some((child) => isShown(child, look));
}

function ownLines({ kind, name, change, children }: Node, look: DiffLook, level: number): Styled[] {
  const { style, columns, isFull } = look;
  const isPartHidden = children.some((child) => !isShown(child, look));
  const indent = spaces(level * 2);
  const label = kind === "setting" ? name : `${kind} ${name}`;
  if (change === undefined) return [styled`${indent}  ${truncate(label, columns - level * 2 - 2)}`];
  const details = [
    ...change.attention.map(attentionText),
    ...(change.change === "changed" || isFull
      ? change.fields.map((field) => fieldText(field, isFull))
      : []),
    ...(isPartHidden ? [`with ${countsOf(children)}`] : []),
  ];
  const [first = plain(""), ...others] = wrap(
    details.length === 0 ? label : `${label}: ${details.join(" · ")}`,
    columns - level * 2 - 4,
  );
  return [
    styled`${indent}${signOf(change, style)} ${first}`,
    ...others.map((line) => styled`${indent}    ${line}`),
    ...placeLines(change, { style, columns, level }),
  ];
}

/** The file, in a line of its own: most terminals have no room for it beside what differs. */
function placeLines(
  { place, isInside }: MetadataChange,
  at: { readonly style: Style; readonly columns: number; readonly level: number },
): Styled[] {
  if (place === undefined || isInside) return [];
  const text = `${place.file}:${place.line}`;
  const indent = at.level * 2 + 4;
  return [styled`${spaces(indent)}${at.style.dim(truncate(text, at.columns - indent))}`];
}

function signOf({ change, attention }: MetadataChange, style: Style): Styled {
  if (attention.length > 0) return style.yellow("!");
  if (change === "added") return style.green("+");
  return change === "removed" ? style.red("-") : style.yellow("~");
}

const attentionTexts: Readonly<Record<string, string>> = {
  "new-permission": "new permission",
  "no-row-filter": "no row filter",
  "weaker-row-filter": "less restrictive row filter",
  "weaker-check": "less restrictive check",
  "all-columns": "all columns",
  "fewer-presets": "a column preset is removed",
  aggregations: "aggregations allowed",
  "more-root-fields": "more root fields",
  "not-only-backend": "no longer for the backend only",
  "more-roles": "inherits more roles",
  "higher-limit": "higher limit",
  introspection: "introspection allowed for more roles",
  connection: "different connection",
};

const attentionText = (reason: string): string => attentionTexts[reason] ?? reason;

/** `2 permissions, 1 relationship`: all that is inside, also what is listed below because it needs attention. */
function countsOf(nodes: readonly Node[]): string {
  const counts = new Map<string, number>();
  for (const { kind } of nodes) {
    const noun = /(permission|relationship)$/.exec(kind)?.[0] ?? kind;
    counts.set(noun, (counts.get(noun) ?? 0) + 1);
  }
  return [...counts]
    .map(([noun, count]) => plural(count, noun, noun.replace(/query$/, "querie") + "s"))
    .join(", ");
}

/** Parts of a field's name that are the same for every object of its kind. */
const outerNames =
  /^(permission|definition|configuration|using\.foreign_key_constraint_on|using\.manual_configuration)\./;

/** The longest text of a value that is not shown in full, in columns. */
const shortWidth = 60;

function fieldText(field: MetadataFieldChange, isFull: boolean): string {
  const name = field.field.replace(outerNames, "");
  return `${name} ${differenceText(field, (text) => (isFull ? text : truncate(text, shortWidth)))}`;
}

function differenceText(
  { added = [], removed = [], kept, ...field }: MetadataFieldChange,
  short: (text: string) => string,
): string {
  if (field.isSecret) return "differs (secret)";
  const joined = (parts: readonly string[]): string => short(parts.join(" and ") || "none");
  if (kept === 0) return `${joined(removed)} → ${joined(added)}`;
  const space = kept === undefined ? "" : " ";
  const parts = [
    ...added.map((part) => `+${space}${short(part)}`),
    ...removed.map((part) => `-${space}${short(part)}`),
  ];
  if (parts.length > 0) return parts.join(kept === undefined ? " " : ", ");
  return `${short(field.from ?? "none")} → ${short(field.to ?? "none")}`;
}

/** Shown without `--full`. */
const mostInconsistent = 5;

function inconsistentLines(
  { inconsistent }: EventOf<"metadata.diff">,
  { style, columns, isFull }: DiffLook,
): Styled[] {
  if (inconsistent.length === 0) return [];
  const shown = isFull ? inconsistent : inconsistent.slice(0, mostInconsistent);
  const rest = inconsistent.length - shown.length;
  return [
    style.bold(`${plural(inconsistent.length, "object")} inconsistent on the server:`),
    ...shown.flatMap(({ name, reason }) =>
      wrap(`${name}: ${reason}`, columns - 4).map(
        (line, i) => styled`${spaces(i === 0 ? 2 : 4)}${line}`,
      ),
    ),
    ...(rest > 0 ? [plain(`  and ${plural(rest, "more", "more")}: --full`)] : []),
  ];
}
