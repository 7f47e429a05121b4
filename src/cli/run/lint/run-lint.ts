import { lint } from "../../../lint/lint.ts";
import type { CommandResult } from "../../command-result.ts";
import { loadConfig } from "../../config/load.ts";
import type { CommandContext } from "../../context.ts";
import type { LintOptions } from "../../options/schemas.ts";
import { reportLint } from "../../output/lint/report-lint.ts";
import { projectDirectory } from "../../project/project-directory.ts";
import { readForLint } from "./lint-project.ts";

/** Checks the migrations of a project, and shows the findings. */
export async function runLint(
  context: CommandContext,
  options: LintOptions,
): Promise<CommandResult> {
  const { database, since } = options;
  const directory = projectDirectory(context, options.directory);
  const [{ config }, { migrations, usesOf, metadataFaults }] = await Promise.all([
    loadConfig(context, options.config),
    readForLint(directory, { database, since }),
  ]);
  const findings = await lint(migrations, {
    severities: config.lint?.rules ?? {},
    ...{ usesOf, metadataFaults },
    // The migrations that a branch adds are applied together.
    oneRun: since !== undefined,
  });
  const checked = migrations.filter(({ isKnown }) => isKnown !== true).length;
  return reportLint(context, { ...options, directory }, { findings, migrations, checked });
}
