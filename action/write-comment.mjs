import { ApiError } from "./github-api.mjs";

/** @typedef {import("./github-api.mjs").CallApi} CallApi */

/**
 * @typedef {{
 *   readonly repository: string,
 *   readonly pullRequest: number,
 *   readonly marker: string,
 *   readonly body: string,
 * }} WantedComment `repository` as owner/name; `body` begins with the marker, by which later calls find the comment
 */

const perPage = 100;
const mostPages = 100;
const mostAttempts = 5;
/** GitHub's hourly limit is not worth the minutes of a job. */
const longestWaitMs = 65_000;

/**
 * Creates the comment, or updates the one of an earlier call. Tries again for a while where that may help; a comment that may
 * have been created by an attempt without an answer is looked for again. Throws an ApiError.
 * @param {CallApi} call
 * @param {WantedComment} wanted
 * @param {{ readonly sleep: (ms: number) => Promise<void> }} clock
 * @returns {Promise<"created" | "updated">}
 */
export async function writeComment(call, wanted, { sleep }) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await createOrUpdate(call, wanted);
    } catch (thrown) {
      if (!(thrown instanceof ApiError) || thrown.retryAfterMs === undefined) throw thrown;
      const wait = Math.max(thrown.retryAfterMs, 1000 * 2 ** (attempt - 1));
      if (attempt === mostAttempts || wait > longestWaitMs) throw thrown;
      await sleep(wait);
    }
  }
}

/** @param {CallApi} call @param {WantedComment} wanted @returns {Promise<"created" | "updated">} */
async function createOrUpdate(call, wanted) {
  const { repository, pullRequest, body } = wanted;
  for (const id of await ownComments(call, wanted)) {
    try {
      await call("PATCH", `/repos/${repository}/issues/comments/${id}`, { body });
      return "updated";
    } catch (thrown) {
      // It was deleted since, or belongs to somebody else after all.
      const isGone = thrown instanceof ApiError && [403, 404, 410].includes(thrown.status ?? 0);
      if (!isGone || thrown.retryAfterMs !== undefined) throw thrown;
    }
  }
  await call("POST", `/repos/${repository}/issues/${pullRequest}/comments`, { body });
  return "created";
}

/**
 * The ids of comments that begin with the marker, the oldest first. Anybody can write such a comment, and edit it afterwards: only
 * those of bots and of people with access to the repository count.
 * @param {CallApi} call
 * @param {WantedComment} wanted
 */
async function ownComments(call, { repository, pullRequest, marker }) {
  const own = [];
  for (let page = 1; page <= mostPages; page += 1) {
    const comments = await call(
      "GET",
      `/repos/${repository}/issues/${pullRequest}/comments?per_page=${perPage}&page=${page}`,
    );
    if (!Array.isArray(comments)) throw new ApiError("GitHub's answer is not a list.", {});
    own.push(...comments.map(Object).filter((comment) => isOwn(comment, marker)));
    if (comments.length < perPage) break;
  }
  return own.map(({ id }) => Number(id));
}

const trusted = new Set(["OWNER", "MEMBER", "COLLABORATOR"]);

/** @param {{ body?: unknown, user?: unknown, author_association?: unknown }} comment @param {string} marker */
function isOwn({ body, user, author_association: association }, marker) {
  const isTrusted = Object(user).type === "Bot" || trusted.has(String(association));
  return isTrusted && typeof body === "string" && body.startsWith(marker);
}
