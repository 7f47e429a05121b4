import type { FileChange } from "../../../metadata/write/export-project.ts";
import { plural } from "../format.ts";
import type { Style } from "../terminal/colors.ts";
import { plain, styled, type Styled } from "../terminal/styled.ts";

interface Exported {
  readonly environment: string;
  readonly resourceVersion: number;
  readonly changes: readonly FileChange[];
  /** False if the files were only compared. */
  readonly isWritten: boolean;
}

/** The files that `metadata export` has changed, or would change. */
export function exportLines(exported: Exported, style: Style): Styled[] {
  const { environment, resourceVersion, changes, isWritten } = exported;
  const start = `metadata of ${environment} (resource version ${String(resourceVersion)})`;
  if (changes.length === 0) return [plain(`${start}: no file differs`)];
  const counts = (["added", "changed", "removed"] as const).flatMap((kind) => {
    const count = changes.filter((change) => kindOf(change) === kind).length;
    return count === 0 ? [] : [`${plural(count, "file")} ${kind}`];
  });
  const end = isWritten ? "" : "; nothing was written";
  return [
    style.bold(`${start}: ${counts.join(", ")}${end}`),
    ...changes.map((change) => styled`  ${signOf(change, style)} ${plain(change.path)}`),
  ];
}

function kindOf({ before, after }: FileChange): "added" | "changed" | "removed" {
  if (before === undefined) return "added";
  return after === undefined ? "removed" : "changed";
}

function signOf(change: FileChange, style: Style): Styled {
  switch (kindOf(change)) {
    case "added":
      return style.green("+");
    case "changed":
      return style.yellow("~");
    case "removed":
      return style.red("-");
  }
}
