import { hasuraMigrate } from "./environments.mjs";
import { reasonOf } from "./programs.mjs";
import { step } from "./usage.mjs";

/** @typedef {import("./functions.mjs").Failed} Failed */
/** @typedef {import("./programs.mjs").Ended} Ended */

/** A function that starts for the first time, in a VPC, takes seconds; a Hasura that does not answer takes its timeouts. */
const limitMs = 180_000;

/**
 * The lines of `--json` that matter here (docs/events.md).
 * @typedef {{
 *   readonly type: string,
 *   readonly name?: string,
 *   readonly state?: string,
 *   readonly databases?: readonly { readonly migrations: readonly { readonly state: string }[] }[],
 *   readonly failure?: { readonly kind: string, readonly code: string, readonly message: string },
 * }} Line
 */

/**
 * Runs `hasura-migrate doctor`, which proves that the function can be called, reads the secret and reaches Hasura and the
 * databases, and then `hasura-migrate status`.
 * @param {string} name the environment
 * @param {string | undefined} config
 * @returns {Promise<{ readonly summary: string } | Failed>}
 */
export async function checkEnvironment(name, config) {
  const more = config === undefined ? [] : ["--config", config];
  const run = async (/** @type {string} */ command) => {
    step(`${name}: hasura-migrate ${command} ${name}`);
    return hasuraMigrate([command, name, "--json", ...more], { timeoutMs: limitMs });
  };
  const examined = await run("doctor");
  const unhealthy = failureOf(examined);
  if (unhealthy !== undefined) return { failure: unhealthy };
  const asked = await run("status");
  const failure = failureOf(asked);
  if (failure !== undefined) return { failure };
  const warnings = linesOf(examined).filter(({ state }) => state === "warning");
  const remarks = warnings.map((warning) => `check ${warning.name ?? ""}`);
  return { summary: [countsOf(linesOf(asked)), ...remarks].join(", ") };
}

/** @param {Ended} ended @returns {string | undefined} */
function failureOf(ended) {
  const failed = linesOf(ended).find(({ failure }) => failure !== undefined);
  if (failed?.failure !== undefined) {
    const { kind, code, message } = failed.failure;
    return `${failed.name === undefined ? "" : `${failed.name}: `}${message} (${kind}/${code})`;
  }
  if (ended.code === null)
    return `hasura-migrate gave no answer within ${String(limitMs / 60_000)} minutes`;
  return ended.code === 0 ? undefined : reasonOf(ended);
}

/** @param {Ended} ended @returns {Line[]} */
function linesOf({ stdout }) {
  const lines = stdout.split("\n").filter((line) => line.startsWith("{") && line.endsWith("}"));
  return lines.map((line) => /** @type {Line} */ (JSON.parse(line)));
}

/** Such as `214 applied, 3 pending`. @param {readonly Line[]} lines */
function countsOf(lines) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  const databases = lines.filter(({ type }) => type === "status").flatMap((line) => line.databases);
  for (const { state } of databases.flatMap((database) => database?.migrations ?? []))
    counts.set(state, (counts.get(state) ?? 0) + 1);
  return (
    [...counts].map(([state, count]) => `${String(count)} ${state}`).join(", ") || "no migrations"
  );
}
