import { isAbsolute, relative } from "node:path";

/**
 * @typedef {object} Outcome what node:test says of one test
 * @property {string} name
 * @property {string | undefined} [file]
 * @property {number} nesting
 * @property {string | boolean | undefined} [skip]
 * @property {string | boolean | undefined} [todo]
 * @property {{ duration_ms: number, type?: string | undefined, error?: Error & { failureType?: string, cause?: unknown } }} details
 */

/** The counts of one test file. */
class FileCounts {
  passed = 0;
  failed = 0;
  ms = 0;
}

/**
 * The report of a test run: a line a file, everything about each failure, each skip with its reason, and the counts as the
 * very last line. Node's own reporters print a line a test and no list of skips.
 * @param {AsyncIterable<{ type: string, data: any }>} source
 */
export default async function* report(source) {
  /** @type {Map<string, FileCounts>} */
  const files = new Map();
  /** @type {string[]} */
  const failures = [];
  /** @type {string[]} */
  const skips = [];
  let current = "";
  for await (const { type, data } of source) {
    if (type === "test:stdout" || type === "test:stderr") yield data.message;
    if (type !== "test:pass" && type !== "test:fail") continue;
    const file = relative(process.cwd(), data.file ?? data.name);
    if (current !== "" && file !== current) yield fileLine(current, files.get(current));
    current = file;
    const counts = files.get(file) ?? new FileCounts();
    files.set(file, counts);
    count(file, counts, type === "test:pass", data, failures, skips);
  }
  if (current !== "") yield fileLine(current, files.get(current));
  if (failures.length > 0) yield `\n${failures.join("\n")}`;
  if (skips.length > 0) yield `\nSkipped:\n${skips.map((text) => `  ${text}\n`).join("")}`;
  const sum = (/** @type {"passed" | "failed"} */ key) =>
    [...files.values()].reduce((total, counts) => total + counts[key], 0);
  // A file that ended before its tests ran is a pass to Node.
  if (sum("failed") > 0) process.exitCode = 1;
  yield `\n${String(sum("passed"))} passed, ${String(sum("failed"))} failed, ${String(skips.length)} skipped\n`;
}

/**
 * @param {string} file
 * @param {FileCounts} counts
 * @param {boolean} passed
 * @param {Outcome} test
 * @param {string[]} failures
 * @param {string[]} skips
 */
function count(file, counts, passed, test, failures, skips) {
  const { name, nesting, skip, todo, details } = test;
  if (nesting === 0) counts.ms += details.duration_ms;
  const left = [skip, todo].find((reason) => reason !== undefined && reason !== false);
  if (left !== undefined) {
    const reason =
      typeof left === "string" && left !== "" ? left.replace(/\s+/g, " ") : "no reason given";
    skips.push(`${file}: ${name}: ${reason.length > 200 ? `${reason.slice(0, 200)}…` : reason}`);
  } else if (isAbsolute(name) && name === test.file) {
    // Node names a test after its file only when the file ended before it could say anything of its own tests.
    counts.failed += 1;
    failures.push(
      passed
        ? `✖ ${file}\n  no test ran: the process ended before one did\n`
        : failureText(file, test),
    );
  } else if (details.type === "suite" || details.error?.failureType === "subtestsFailed") {
    return;
  } else if (passed) {
    counts.passed += 1;
  } else {
    counts.failed += 1;
    failures.push(failureText(file, test));
  }
}

/** @returns {string} */
function fileLine(/** @type {string} */ file, /** @type {FileCounts | undefined} */ counts) {
  const { passed, failed, ms } = counts ?? new FileCounts();
  const told = failed > 0 ? `${String(failed)} failed, ${String(passed)} passed` : String(passed);
  return `${failed > 0 ? "✖" : "✔"} ${file}  ${told}  ${String(Math.round(ms))} ms\n`;
}

/** @returns {string} */
function failureText(/** @type {string} */ file, /** @type {Outcome} */ { name, details }) {
  const error = details.error;
  const cause = error?.cause instanceof Error ? error.cause : error;
  const text = (cause?.stack ?? cause?.message ?? "failed").replace(/^/gm, "    ");
  return `✖ ${file}: ${name}\n${text}\n`;
}
