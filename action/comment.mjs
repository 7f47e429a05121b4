import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fitBody } from "./fit-body.mjs";
import { ApiError, githubApi } from "./github-api.mjs";
import { writeComment } from "./write-comment.mjs";

/*
 * Writes a file as a comment on the pull request of a GitHub Actions job: creates it once, and updates it later. Takes everything
 * from the environment: what the runner sets, and BODY_FILE, COMMENT_KEY and GITHUB_TOKEN from action.yml. A comment that cannot
 * be written is a warning; the job's page has the same text.
 */

const { env } = process;

/** @param {string} message */
function warn(message) {
  const text = message.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
  process.stdout.write(`::warning title=hasura-migrate::${text}\n`);
}

/** @returns {{ number: number, commit: string } | undefined} */
function pullRequestOf() {
  const event = Object(JSON.parse(readFileSync(env["GITHUB_EVENT_PATH"] ?? "", "utf8")));
  const { number, head } = Object(event.pull_request);
  if (!Number.isInteger(number)) return undefined;
  return { number, commit: String(Object(head).sha ?? "") };
}

/** @param {string} commit */
function footer(commit) {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: run } = env;
  const job = `[this job](${server}/${repository}/actions/runs/${run})`;
  return `\n<sub>${/^[0-9a-f]{7,}$/.test(commit) ? `Commit ${commit.slice(0, 7)}, by ` : "By "}${job}</sub>\n`;
}

async function main() {
  const repository = env["GITHUB_REPOSITORY"] ?? "";
  const token = env["GITHUB_TOKEN"] ?? "";
  const pullRequest = pullRequestOf();
  if (pullRequest === undefined) {
    process.stdout.write("There is no pull request to comment on.\n");
    return;
  }
  const marker = `<!-- hasura-migrate ${encodeURIComponent(env["COMMENT_KEY"] ?? "")} -->`;
  const text = readFileSync(env["BODY_FILE"] ?? "", "utf8");
  if (text.trim() === "") {
    warn("There is no plan to write as a comment: hasura-migrate has printed nothing.");
    return;
  }
  const wanted = {
    ...{ repository, pullRequest: pullRequest.number, marker },
    body: fitBody(`${marker}\n${text}`, footer(pullRequest.commit)),
  };
  const url = env["GITHUB_API_URL"] || "https://api.github.com";
  const result = await writeComment(githubApi({ url, token, now: Date.now }), wanted, { sleep });
  process.stdout.write(`The comment on #${pullRequest.number} was ${result}.\n`);
}

/** @param {ApiError} error */
function advice({ status }) {
  if (status === 401) return " Check the input github-token.";
  if (status === 403 || status === 404)
    return " The job needs the permission pull-requests: write; a pull request from a fork cannot get it.";
  return "";
}

try {
  await main();
} catch (error) {
  if (!(error instanceof ApiError)) throw error;
  warn(
    `The plan could not be written as a comment. ${error.message.replace(/\.?$/, ".")}${advice(error)}`,
  );
}
