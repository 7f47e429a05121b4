import type { Actor } from "../../protocol/request.ts";
import type { Environment, CliContext } from "../context.ts";

/**
 * Who asks: a claim, recorded as one. Without git, or outside a repository, commit and branch are absent; so they are for what only
 * looks, since that leaves no record and a process costs as much as the rest of the preparation.
 */
export async function actorOf(context: CliContext, changes: boolean): Promise<Actor> {
  // One process for both: it runs while the AWS side is being prepared.
  const git = changes
    ? await context.capture("git", ["rev-parse", "HEAD", "--abbrev-ref", "HEAD"])
    : undefined;
  const [commit, branch] = git?.split("\n") ?? [];
  const ciJob = ciJobOf(context.env);
  return {
    user: context.user.slice(0, 200),
    host: context.host.slice(0, 200),
    ...(commit && { gitCommit: commit.slice(0, 100) }),
    ...(branch && branch !== "HEAD" && { gitBranch: branch.slice(0, 300) }),
    ...(ciJob && { ciJob: ciJob.slice(0, 1000) }),
  };
}

/** The address of the CI job this runs in, as the common services give it. */
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
