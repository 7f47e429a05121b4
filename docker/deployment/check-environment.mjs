import { hasuraMigrate } from "./environments.mjs";
import { reasonOf } from "./programs.mjs";
import { step } from "./usage.mjs";

/** @typedef {import("./functions.mjs").Failed} Failed */

/** A function that starts for the first time, in a VPC, takes seconds; a Hasura that does not answer takes its time-outs. */
const limitMs = 180_000;

/**
 * The lines of `hasura-migrate status --json` that matter here (docs/events.md).
 * @typedef {{
 *   readonly type: string,
 *   readonly databases?: readonly { readonly migrations: readonly { readonly state: string }[] }[],
 *   readonly failure?: { readonly kind: string, readonly code: string, readonly message: string },
 * }} Line
 */

/**
 * Runs `hasura-migrate status`: it proves that the function can be called, reads the secret and reaches Hasura.
 * @param {string} name the environment
 * @param {string | undefined} config
 * @returns {Promise<{ readonly summary: string } | Failed>}
 */
export async function checkEnvironment(name, config) {
  step(`${name}: hasura-migrate status ${name}`);
  const ended = await hasuraMigrate(
    ["status", name, "--json", ...(config === undefined ? [] : ["--config", config])],
    { timeoutMs: limitMs },
  );
  const lines = linesOf(ended.stdout);
  const failure = lines.findLast((line) => line.failure !== undefined)?.failure;
  if (failure !== undefined)
    return { failure: `${failure.kind}/${failure.code}: ${failure.message}` };
  if (ended.code === null)
    return { failure: `status gave no answer within ${String(limitMs / 60_000)} minutes` };
  if (ended.code !== 0) return { failure: reasonOf(ended) };
  return { summary: summaryOf(lines) };
}

/** @returns {Line[]} */
function linesOf(/** @type {string} */ stdout) {
  const lines = stdout.split("\n").filter((line) => line.startsWith("{") && line.endsWith("}"));
  return lines.map((line) => /** @type {Line} */ (JSON.parse(line)));
}

/** Such as `214 applied, 3 pending`. @param {readonly Line[]} lines */
function summaryOf(lines) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  const databases = lines.filter(({ type }) => type === "status").flatMap((line) => line.databases);
  for (const { state } of databases.flatMap((database) => database?.migrations ?? []))
    counts.set(state, (counts.get(state) ?? 0) + 1);
  return [...counts].map(([state, count]) => `${String(count)} ${state}`).join(", ") || "reachable";
}
