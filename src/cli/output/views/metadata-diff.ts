import type { EventOf } from "../../../protocol/events.ts";
import type { MetadataChange } from "../../../protocol/metadata-change.ts";
import { plural } from "../format.ts";
import type { Style } from "../terminal/colors.ts";
import { plain, styled, type Styled } from "../terminal/styled.ts";
import { attentionText, fieldTexts, partTexts, renamedFrom } from "./metadata-details.ts";
import { spaces, textWidth, truncate, wrap } from "../terminal/width.ts";

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
  const marked = objectsWithAttention(changes);
  const attention = marked === 0 ? "" : `, ${marked} ${marked === 1 ? "needs" : "need"} attention`;
  return `${plural(shown, "object")} ${shown === 1 ? "differs" : "differ"}${attention}`;
}

/** Parts of an added or removed object are counted as that object, which precedes them. */
function objectsWithAttention(changes: readonly MetadataChange[]): number {
  const marked = new Set<MetadataChange>();
  let object: MetadataChange | undefined;
  for (const change of changes) {
    if (!change.isInside) object = change;
    if (change.attention.length > 0) marked.add(object ?? change);
  }
  return marked.size;
}

function headingLines(event: EventOf<"metadata.diff">, { style, columns }: DiffLook): Styled[] {
  const text = `metadata (resource version ${event.resourceVersion}): ${differencesText(event)}`;
  return [
    ...wrap(text, columns).map((line) => style.bold(line)),
    ...(event.changes.length === 0 ? [] : wrap(legend, columns).map((line) => style.dim(line))),
  ];
}

const legend = "server now → after apply: + added, - removed, ~ changed, ! needs attention";

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
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [change]);
    else group.push(change);
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
function isShown({ change, children }: Node, look: Pick<DiffLook, "isFull">): boolean {
  if (look.isFull || change === undefined || !change.isInside) return true;
  return change.attention.length > 0 || children.some((child) => isShown(child, look));
}

function ownLines({ kind, name, change, children }: Node, look: DiffLook, level: number): Styled[] {
  const { style, columns } = look;
  const label = kind === "setting" ? name : `${kind} ${name}`;
  if (change === undefined)
    return [styled`${spaces(level * 2 + 2)}${truncate(label, columns - level * 2 - 2)}`];
  const from = renamedFrom(change);
  const [first = plain(""), ...others] = linesOf(
    from === undefined ? label : `${kind} ${from} → ${name}`,
    detailsOf(change, children, look),
    columns - level * 2 - 4,
  );
  // In the first column, where it is easy to find.
  const mark = change.attention.length > 0 ? style.yellow("!") : plain(" ");
  return [
    styled`${mark}${spaces(level * 2 - 1)}${signOf(change, style)} ${first}`,
    ...others.map((line) => styled`${spaces(level * 2 + 4)}${line}`),
    ...placeLines(change, { style, columns, level }),
  ];
}

/** The details after the label, with line breaks between them where they do not fit on one line. */
function linesOf(label: string, [first, ...details]: readonly string[], width: number): Styled[] {
  const lines: string[] = [];
  let line = first === undefined ? label : `${label}: ${first}`;
  for (const detail of details) {
    const longer = `${line} · ${detail}`;
    if (textWidth(longer) > width) lines.push(line);
    line = textWidth(longer) > width ? detail : longer;
  }
  return [...lines, line].flatMap((each) => wrap(each, width));
}

function detailsOf(
  change: MetadataChange,
  children: readonly Node[],
  { isFull, columns }: DiffLook,
): string[] {
  const isPartHidden = children.some((child) => !isShown(child, { isFull }));
  return [
    ...change.attention.map((reason) => attentionText(reason, change)),
    ...(renamedFrom(change) === undefined ? fieldTexts(change, { isFull, columns }) : ["renamed"]),
    ...(isPartHidden ? partTexts(children) : []),
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

function signOf({ change }: MetadataChange, style: Style): Styled {
  if (change === "added") return style.green("+");
  return change === "removed" ? style.red("-") : style.yellow("~");
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
