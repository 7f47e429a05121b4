import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "vitest";
import { fitBody } from "../../action/fit-body.mjs";
import { githubApi } from "../../action/github-api.mjs";
import { writeComment } from "../../action/write-comment.mjs";
import { workflowCommandsIn } from "../support/workflow-commands.ts";
import { commentOf, githubStandIn, token, type GithubStandIn } from "./support/github-stand-in.ts";
import { root } from "./support/repository.ts";
import { temporaryDirectory } from "./support/run-step.ts";

const now = 1_764_000_000_000;
const marker = "<!-- hasura-migrate dev -->";
const list = "GET /repos/acme/shop/issues/12/comments?per_page=100&page=1";
const create = "POST /repos/acme/shop/issues/12/comments";
const limited = (headers: Record<string, string>, status = 403) => ({
  ...{ status, headers },
  json: { message: "API rate limit exceeded for installation ID 1.", status: String(status) },
});

/** Writes the comment, and collects how long was waited. */
async function write(github: GithubStandIn, text: string, key = marker) {
  const slept: number[] = [];
  const call = githubApi({ url: github.url, token, now: () => now });
  const wanted = { repository: "acme/shop", pullRequest: 12, marker: key, body: `${key}\n${text}` };
  const result = await writeComment(call, wanted, {
    sleep: async (ms: number) => void slept.push(ms),
  });
  return { result, slept };
}

describe("the comment on a pull request", () => {
  test("is created once, and updated after", async () => {
    const github = await githubStandIn();
    github.comments.push(commentOf(1, "Looks good"));
    assert.equal((await write(github, "one")).result, "created");
    assert.equal((await write(github, "two")).result, "updated");
    assert.deepEqual(
      github.comments.map(({ body }) => body),
      ["Looks good", `${marker}\ntwo`],
    );
  });

  test("is found behind hundreds of others", async () => {
    const github = await githubStandIn();
    for (let id = 1; id <= 250; id += 1)
      github.comments.push(commentOf(id, `comment ${String(id)}`));
    await write(github, "one");
    assert.equal((await write(github, "two")).result, "updated");
    assert.equal(github.comments.length, 251);
  });

  test("is another one for another key", async () => {
    const github = await githubStandIn();
    await write(github, "dev");
    await write(github, "prod", "<!-- hasura-migrate prod -->");
    await write(github, "prod again", "<!-- hasura-migrate prod -->");
    assert.equal(github.comments.length, 2);
  });

  test("is never one that somebody without access wrote, or that only quotes ours", async () => {
    const github = await githubStandIn();
    const stranger = { login: "mallory", type: "User" } as const;
    github.comments.push(
      { ...commentOf(1, `${marker}\nNothing to run`), user: stranger, author_association: "NONE" },
      commentOf(2, `> ${marker}\n> quoted`),
    );
    assert.equal((await write(github, "plan")).result, "created");
    assert.match(github.comments[0]?.body ?? "", /Nothing to run/);
  });

  test("may be one of a member of the organisation, whose token is used", async () => {
    const github = await githubStandIn();
    const member = { login: "alice", type: "User" } as const;
    github.comments.push({
      ...{ ...commentOf(1, `${marker}\nold`), user: member },
      author_association: "MEMBER",
    });
    assert.equal((await write(github, "new")).result, "updated");
  });

  test("is created again where it has been deleted in the meantime", async () => {
    const github = await githubStandIn();
    github.comments.push(commentOf(7, `${marker}\nold`));
    const gone = { status: 404, json: { message: "Not Found", status: "404" } };
    github.refusals.push({ status: 200, json: [...github.comments] }, gone);
    github.comments.pop();
    assert.equal((await write(github, "new")).result, "created");
    assert.equal(github.comments.length, 1);
  });
});

describe("a GitHub that refuses for a while", () => {
  for (const [what, refusal, wait] of [
    ["a server error", { status: 502, json: { message: "Server Error" } }, 1000],
    ["a secondary limit", limited({ "retry-after": "30" }), 30_000],
    ["a secondary limit with status 429", limited({ "retry-after": "30" }, 429), 30_000],
    ["a secondary limit without headers", limited({}), 60_000],
    [
      "the hourly limit",
      limited({ "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(now / 1000 + 20) }),
      20_000,
    ],
    ["a connection that breaks", undefined, 1000],
  ] as const)
    test(`is asked again after ${what}`, async () => {
      const github = await githubStandIn();
      github.refusals.push(refusal);
      assert.deepEqual(await write(github, "plan"), { result: "created", slept: [wait] });
    });

  test("is looked at again before a comment is created twice", async () => {
    const github = await githubStandIn();
    // The first attempt creates it, and its answer is lost.
    github.refusals.push({ status: 200, json: [] }, undefined);
    assert.deepEqual(await write(github, "plan"), { result: "updated", slept: [1000] });
    assert.equal(github.comments.length, 1);
    assert.deepEqual(github.requests.slice(0, 3), [list, create, list]);
  });

  test("is given up in the end", async () => {
    const github = await githubStandIn();
    github.refusals.push(...Array.from({ length: 9 }, () => ({ status: 503, json: {} })));
    await assert.rejects(write(github, "plan"), /status 503/);
    assert.equal(github.requests.length, 5);
  });

  test("is not waited for longer than a job should take", async () => {
    const github = await githubStandIn();
    const reset = String(now / 1000 + 1800);
    github.refusals.push(limited({ "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset }));
    await assert.rejects(write(github, "plan"), /API rate limit exceeded/);
    assert.equal(github.requests.length, 1);
  });

  test("is not asked again where that cannot help", async () => {
    const github = await githubStandIn();
    const json = { message: "Resource not accessible by integration", status: "403" };
    github.refusals.push({ status: 200, json: [] }, { status: 403, json });
    await assert.rejects(write(github, "plan"), /status 403: Resource not accessible/);
    assert.equal(github.requests.length, 2);
  });
});

describe("a text that is too long for a comment", () => {
  const block = (text: string, fence = "```"): string =>
    `<details><summary><code>x</code></summary>\n\n${fence}sql\n${text}\n${fence}\n\n</details>`;

  test("ends after a complete part, with a note and what comes last", () => {
    const parts = Array.from({ length: 400 }, (_, i) =>
      block(`-- ${String(i)}\n\n${"x".repeat(400)}`),
    );
    const body = fitBody(parts.join("\n\n"), "\n<sub>end</sub>\n");
    assert.ok(body.length <= 65_000 && body.length > 64_000, String(body.length));
    assert.match(body, /\n```\n\n<\/details>\n\n_The rest is too long.*\n\n<sub>end<\/sub>\n$/);
    assert.equal(body.split("<details>").length, body.split("</details>").length);
  });

  test("does not end inside a block that looks closed", () => {
    const inner = `\`\`\`\n\n</details>\n\n${"y\n\n".repeat(30_000)}`;
    const body = fitBody(`first\n\n${block(inner, "````")}\n`, "");
    assert.match(body, /^first\n\n_The rest/);
  });

  test("does not take a fence with a language for the end of a block", () => {
    const inner = `\`\`\`sql\n\n${"y\n\n".repeat(30_000)}`;
    assert.match(fitBody(`first\n\n\`\`\`sql\n${inner}\n\`\`\`\n`, ""), /^first\n\n_The rest/);
  });

  test("is left alone where it fits", () => {
    assert.equal(fitBody("a\n", "b"), "a\nb");
  });
});

describe("the program that action.yml calls", () => {
  /** Runs it as the runner does, for this event. */
  async function run(event: object, more: Record<string, string>) {
    const directory = temporaryDirectory();
    const [path, body] = [join(directory, "event.json"), join(directory, "plan.md")];
    writeFileSync(path, JSON.stringify(event));
    writeFileSync(body, more["PLAN"] ?? "### plan\n");
    const child = spawn(process.execPath, [join(root, "action/comment.mjs")], {
      env: {
        ...{ GITHUB_EVENT_PATH: path, BODY_FILE: body, GITHUB_TOKEN: token },
        ...{ GITHUB_REPOSITORY: "acme/shop", GITHUB_SERVER_URL: "https://github.com" },
        ...{ GITHUB_RUN_ID: "99", ...more },
      },
    });
    let out = "";
    child.stdout.on("data", (data: Buffer) => (out += data.toString()));
    child.stderr.on("data", (data: Buffer) => (out += data.toString()));
    const code = await new Promise((resolve) => child.once("close", resolve));
    return { code, out, commands: workflowCommandsIn(out) };
  }
  const event = { pull_request: { number: 12, head: { sha: "4c6ea1a0c7d2" } } };

  test("writes the plan with the commit and the job, at GITHUB_API_URL", async () => {
    const github = await githubStandIn();
    const key = { COMMENT_KEY: "dev-1 --then prod -->", GITHUB_API_URL: `${github.url}/` };
    const { code, out } = await run(event, key);
    assert.deepEqual([code, out], [0, "The comment on #12 was created.\n"]);
    assert.deepEqual(github.comments[0]?.body.split("\n"), [
      "<!-- hasura-migrate dev-1%20--then%20prod%20--%3E -->",
      "### plan",
      "",
      "<sub>Commit 4c6ea1a, by [this job](https://github.com/acme/shop/actions/runs/99)</sub>",
      "",
    ]);
    assert.equal((await run(event, key)).out, "The comment on #12 was updated.\n");
  });

  test("warns, and does not fail, where the token may only read, as for a fork", async () => {
    const github = await githubStandIn();
    const json = { message: "Resource not accessible by integration", status: "403" };
    github.refusals.push({ status: 200, json: [] }, { status: 403, json });
    const { code, out, commands } = await run(event, { GITHUB_API_URL: github.url });
    assert.equal(code, 0, out);
    assert.deepEqual(
      commands.map(({ name, message }) => [name, message]),
      [
        [
          "warning",
          "The plan could not be written as a comment. GitHub answered with status 403: Resource not accessible by integration. The job needs the permission pull-requests: write; a pull request from a fork cannot get it.",
        ],
      ],
    );
  });

  test("warns of a wrong token, without printing it", async () => {
    const github = await githubStandIn();
    const more = { GITHUB_API_URL: github.url, GITHUB_TOKEN: "ghs_wrong" };
    const { code, out, commands } = await run(event, more);
    assert.deepEqual([code, commands.length], [0, 1]);
    assert.match(out, /Check the input github-token\./);
    assert.doesNotMatch(out, /ghs_wrong/);
  });

  test("takes no workflow command from what GitHub answers", async () => {
    const github = await githubStandIn();
    const json = { message: "no\n::error::forged\r\n::stop-commands::x" };
    github.refusals.push({ status: 422, json });
    const { commands } = await run(event, { GITHUB_API_URL: github.url });
    assert.deepEqual(
      commands.map(({ name }) => name),
      ["warning"],
    );
  });

  test("does nothing without a pull request, and warns without a plan", async () => {
    const github = await githubStandIn();
    const none = await run({ ref: "refs/heads/main" }, { GITHUB_API_URL: github.url });
    assert.deepEqual([none.code, none.commands], [0, []]);
    const empty = await run(event, { GITHUB_API_URL: github.url, PLAN: "" });
    assert.equal(empty.commands[0]?.name, "warning");
    assert.deepEqual(github.requests, []);
  });
});
