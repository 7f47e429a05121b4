import { join, posix, relative } from "node:path";
import { v7 } from "uuid";
import type { JsonMap } from "../../metadata/document/json.ts";
import { exportProject, type FileChange } from "../../metadata/write/export-project.ts";
import { yamlFile } from "../../metadata/write/yaml-text.ts";
import { Failure } from "../../protocol/failure.ts";
import { retryHint } from "../../protocol/hint.ts";
import type { CommandResult } from "../command-result.ts";
import type { CliContext, CommandContext } from "../context.ts";
import { colorsFor } from "../output/terminal/colors.ts";
import { jsonLine } from "../output/json-line.ts";
import { plural } from "../output/format.ts";
import { writeLines } from "../output/terminal/sink.ts";
import { exportLines } from "../output/views/metadata-export.ts";
import type { ExportTarget } from "./export-target.ts";
import { uncommittedFiles } from "./uncommitted-files.ts";
import { writeChanges } from "./write-changes.ts";

/** The server's metadata. */
export interface ServerDocument {
  readonly document: JsonMap;
  readonly resourceVersion: number;
}

/** Prints the metadata as it is. */
export function printDocument(
  { out }: Pick<CommandContext, "out">,
  { document }: ServerDocument,
  format: "json" | "yaml",
): CommandResult {
  out.write(format === "json" ? `${jsonLine(document)}\n` : yamlFile(document));
  return "done";
}

export interface FileOptions {
  readonly dryRun: boolean;
  /** Change nothing, and end with `differs` if anything would change. */
  readonly check: boolean;
  /** Overwrite files with uncommitted changes. */
  readonly force: boolean;
  readonly color: boolean;
  readonly environment: string;
}

/**
 * Writes the metadata to the files of a project, and lists the files that change.
 * @throws Failure usage/bad-metadata, usage/uncommitted-changes, and what `writeChanges` throws
 */
export async function writeDocument(
  context: CommandContext,
  { document, resourceVersion }: ServerDocument,
  target: ExportTarget,
  options: FileOptions & { readonly notice: (line: string) => void },
): Promise<CommandResult> {
  const { root, layout, files } = target;
  const { changes, leftOut, lost } = await exportProject(layout, files, document);
  if (leftOut.length > 0)
    options.notice(
      `! A project with config version ${String(layout.configVersion)} cannot contain ${leftOut.join(", ")}.`,
    );
  if (lost.length > 0)
    options.notice(
      `! The files cannot represent everything: ${plural(lost.length, "object")} would differ from the server's (metadata diff shows them).`,
    );
  const writes = !options.dryRun && !options.check;
  if (writes && changes.length > 0) {
    if (!options.force) await refuseUncommitted(changes, target, context);
    await writeChanges(changes, {
      ...{ root, directory: target.home, id: v7({ msecs: context.now() }) },
      interrupted: context.interrupts.first,
    });
  }
  const { out, env } = context;
  const shown = { changes: changes.map((change) => shownChange(change, context, root)) };
  writeLines(
    out,
    exportLines(
      { ...shown, resourceVersion, isWritten: writes, environment: options.environment },
      colorsFor(out, env, options.color),
    ),
  );
  return options.check && changes.length > 0 ? "differs" : "done";
}

/** A change with the path as it is from the working directory. */
function shownChange(change: FileChange, { cwd }: Pick<CommandContext, "cwd">, root: string) {
  return { ...change, path: relative(cwd, join(root, change.path)).replaceAll("\\", "/") };
}

/** This many files are named in a failure. */
const namedAtMost = 5;

async function refuseUncommitted(
  changes: readonly FileChange[],
  { root, home }: ExportTarget,
  context: Pick<CliContext, "capture">,
): Promise<void> {
  const existing = changes.flatMap(({ path, before }) =>
    before === undefined ? [] : posix.relative(home, path),
  );
  // The metadata may be in another repository than the project.
  const uncommitted = await uncommittedFiles(join(root, home), existing, context);
  const paths = uncommitted.map((path) => posix.join(home, path));
  if (paths.length === 0) return;
  const more = paths.length - namedAtMost;
  const named =
    paths.slice(0, namedAtMost).join(", ") + (more > 0 ? ` and ${String(more)} more` : "");
  throw new Failure(
    "usage",
    "uncommitted-changes",
    `Nothing was written: uncommitted changes in ${named} would be overwritten.`,
    {
      hints: [
        retryHint({ with: ["--dry-run"], reason: "list what would change" }),
        retryHint({ with: ["--force"], reason: "overwrite them" }),
      ],
    },
  );
}
