import type { VerifyEvent, VerifyProblem } from "../../../protocol/verification.ts";
import type { CliContext } from "../../context.ts";
import { repositoryPath } from "../../project/repository-path.ts";
import { isGithubJob, writeJobPage } from "../github/job-page.ts";
import { markdownCell, markdownTable } from "../markdown/markdown-text.ts";
import type { VerifyOutput } from "./verify-output.ts";

/** GitHub shows at most this many annotations of each level. */
const mostOfALevel = 10;

/** In GitHub Actions, adds annotations to the files with findings, and a table to the job summary. Otherwise the same output. */
export function withAnnotations(
  output: VerifyOutput,
  context: CliContext,
  directory: string,
): VerifyOutput {
  if (!isGithubJob(context)) return output;
  const problems: VerifyProblem[] = [];
  return {
    ...output,
    event: (event: VerifyEvent) => {
      output.event(event);
      if ("problems" in event) problems.push(...event.problems);
    },
    close: async () => {
      await output.close();
      for (const severity of ["error", "warning"] as const)
        problems
          .filter((problem) => problem.severity === severity)
          .slice(0, mostOfALevel)
          .forEach((problem) => annotate(problem, context, directory));
      if (problems.length > 0)
        await writeJobPage(context, [{ text: page(problems), isWhole: false }]);
    },
  };
}

function annotate(problem: VerifyProblem, context: CliContext, directory: string): void {
  const { severity, file, line, column, sql } = problem;
  context.err.writeCommand({
    name: severity,
    properties: {
      ...(file !== undefined && {
        file: repositoryPath(file, { cwd: directory, home: context.home }),
        line: sql?.place?.line ?? line,
        col: column,
      }),
      title: "hasura-migrate verify",
    },
    message: sentences(problem),
  });
}

function page(problems: readonly VerifyProblem[]): string {
  const rows = problems.map((problem) => [
    problem.severity === "error" ? "✗" : "!",
    [problem.file ?? "", ...(problem.line === undefined ? [] : [problem.line])].join(":"),
    sentences(problem),
  ]);
  return `### ${markdownCell("hasura-migrate verify")}\n\n${markdownTable(["", "file", "found"], rows)}\n\n`;
}

function sentences({ message, differences = [], sql }: VerifyProblem): string {
  return [message, ...differences, ...(sql ? [sql.message] : [])].join("\n");
}
