import { cleanText } from "../../clean-text.ts";
import { actorLimits, type Actor } from "../../protocol/request.ts";
import type { UploadedDirectory } from "../../protocol/run-source.ts";
import type { Environment, CliContext } from "../context.ts";

/**
 * Describes who sends the request; the function records it unverified. Outside a git repository commit and branch are absent,
 * and so they are for operations that change nothing: those leave no record, and starting git would slow them down.
 */
export async function actorOf(context: CliContext, changes: boolean): Promise<Actor> {
  // One process for both; it runs while the connection is prepared.
  const git = changes
    ? await context.capture("git", ["rev-parse", "HEAD", "--abbrev-ref", "HEAD"])
    : undefined;
  const [commit, branch] = git?.split("\n") ?? [];
  const ciJob = ciJobOf(context.env);
  return {
    user: cleanText(context.user, actorLimits.user),
    host: cleanText(context.host, actorLimits.host),
    ...(commit && { gitCommit: cleanText(commit, actorLimits.gitCommit) }),
    ...(branch && branch !== "HEAD" && { gitBranch: cleanText(branch, actorLimits.gitBranch) }),
    ...(ciJob && { ciJob: cleanText(ciJob, actorLimits.ciJob) }),
  };
}

/** The same person, with the working copy of a directory that is uploaded. */
export function actorIn(
  { branch, commit }: UploadedDirectory,
  { user, host, ciJob }: Actor,
): Actor {
  return {
    ...{ user, host },
    ...(commit !== undefined && { gitCommit: commit }),
    ...(branch !== undefined && { gitBranch: branch }),
    ...(ciJob !== undefined && { ciJob }),
  };
}

/** The URL of the current CI job, from the variables that the common CI services set. */
export function ciJobOf(env: Environment): string | undefined {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: run } = env;
  if (server && repository && run) return `${server}/${repository}/actions/runs/${run}`;
  return (
    env["CIRCLE_BUILD_URL"] ||
    env["CI_JOB_URL"] ||
    env["BUILDKITE_BUILD_URL"] ||
    env["BUILD_URL"] ||
    env["CODEBUILD_BUILD_URL"] ||
    undefined
  );
}
