import { posix, resolve } from "node:path";
import { readProjectConfig } from "../../engine/project/config.ts";
import { realFileSystem } from "../../engine/project/file-system.ts";
import { metadataFiles, metadataLayout } from "../../engine/project/metadata-files.ts";
import type { MetadataFiles, MetadataLayout } from "../../metadata/project/metadata-files.ts";
import { Failure } from "../../protocol/failure.ts";
import { retryHint, textHint } from "../../protocol/hint.ts";
import type { CliContext } from "../context.ts";
import { findProjectAbove, findProjectRoot, noProjectAbove } from "../project/find-project.ts";

/** The project that metadata is written to. */
export interface ExportTarget {
  readonly root: string;
  /** The directory that contains all of its files, from the root. */
  readonly home: string;
  readonly layout: MetadataLayout;
  readonly files: MetadataFiles;
}

/**
 * The project in a directory, or the one that contains the working directory. A directory without a project becomes one of config
 * version 3.
 * @throws Failure usage/no-project, usage/config-too-old, and what reading config.yaml throws
 */
export async function exportTarget(
  context: Pick<CliContext, "cwd" | "home">,
  named: string | undefined,
): Promise<ExportTarget> {
  const { cwd } = context;
  const root =
    named === undefined ? findProjectAbove(cwd, context.home) : rootIn(resolve(cwd, named));
  if (root === undefined)
    throw noProjectAbove(
      cwd,
      retryHint({ with: ["DIRECTORY"], reason: "pass the directory of a project" }),
    );
  const config = await readProjectConfig(root, realFileSystem);
  const layout = await metadataLayout({ root, configVersion: config?.version ?? 3 });
  if (layout === undefined) throw tooOld(root);
  const { directory, file } = layout;
  const home = file === undefined ? directory : posix.dirname(file);
  return { root, home, layout, files: metadataFiles(root, layout) };
}

function rootIn(directory: string): string {
  return findProjectRoot(directory) ?? directory;
}

function tooOld(root: string): Failure {
  return new Failure(
    "usage",
    "config-too-old",
    `The project in ${root} has config version 1, which has no metadata directory.`,
    {
      hints: [
        textHint("Upgrade the project with the Hasura CLI: hasura scripts update-project-v3"),
      ],
    },
  );
}
