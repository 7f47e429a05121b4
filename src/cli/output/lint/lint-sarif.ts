import type { Finding } from "../../../lint/finding.ts";
import { allRules } from "../../../lint/rules/all-rules.ts";
import type { CliContext } from "../../context.ts";
import { repositoryPath } from "../../project/repository-path.ts";
import type { LintReport, LintReportOptions } from "./lint-report.ts";

const levels = { error: "error", warning: "warning", info: "note" } as const;
const page = "https://github.com/your-organisation/hasura-migrate/blob/main/docs/lint.md";

/**
 * The findings as SARIF 2.1.0, which code scanning reads. File paths are relative to the root of the repository. Columns count characters
 * (code points).
 */
export function sarifDocument(
  { home, version }: Pick<CliContext, "home" | "version">,
  { directory }: LintReportOptions,
  { findings }: LintReport,
): object {
  const path = (file: string) => repositoryPath(file, { cwd: directory, home });
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "hasura-migrate",
            version,
            informationUri: page,
            rules: allRules.map(({ id, title, why, safeWay }) => ({
              id,
              shortDescription: { text: title },
              fullDescription: { text: why },
              help: { text: safeWay },
              helpUri: `${page}#${id}`,
            })),
          },
        },
        columnKind: "unicodeCodePoints",
        results: findings.map((finding) => resultOf(finding, path(finding.file))),
      },
    ],
  };
}

function resultOf(finding: Finding, file: string): object {
  const { rule, severity, line, column, message, safeWay } = finding;
  return {
    ruleId: rule,
    ruleIndex: allRules.findIndex(({ id }) => id === rule),
    level: levels[severity],
    message: { text: `${message} ${safeWay}` },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: encodeURI(file).replaceAll("#", "%23").replaceAll("?", "%3F") },
          region: { startLine: line, startColumn: column },
        },
      },
    ],
  };
}
