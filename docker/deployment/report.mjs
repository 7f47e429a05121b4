/** @typedef {import("./environments.mjs").Environment} Environment */
/** @typedef {import("./functions.mjs").Location} Location */

/**
 * What became of one environment. `failure` is set if something went wrong.
 * @typedef {{
 *   readonly environment: Environment,
 *   readonly location?: Location,
 *   readonly result: string,
 *   readonly check?: string,
 *   readonly failure?: string,
 * }} Row
 */

/** A table of all environments, and why some of them failed. @param {readonly Row[]} rows */
export function reportOf(rows) {
  const table = tableOf([
    ["ENVIRONMENT", "ACCOUNT", "REGION", "FUNCTION", "RESULT", "STATUS"],
    ...rows.map(({ environment, location, result, check = "" }) => [
      environment.name,
      location?.account ?? "",
      location?.region ?? environment.region ?? "",
      environment.function.split(":").at(-1) ?? "",
      result,
      check,
    ]),
  ]);
  const failures = rows.flatMap(({ environment, failure }) =>
    failure === undefined ? [] : `  ${environment.name}: ${failure}`,
  );
  return failures.length === 0 ? table : `${table}\n\nFailed:\n${failures.join("\n")}`;
}

/**
 * What to do about environments whose migrations run in ECS tasks, of which only the function was updated: the tasks still run the
 * earlier image. Empty if there are none.
 * @param {readonly Row[]} rows
 */
export function taskNotice(rows) {
  const names = rows
    .filter(({ environment, failure }) => environment.runsTasks && failure === undefined)
    .map(({ environment }) => environment.name);
  return names.length === 0
    ? ""
    : `\nMigrations of ${names.join(", ")} run in ECS tasks, whose task definition still has the earlier image: deploy with --stacks, or update it yourself.\n`;
}

/** True if Lambda was not allowed to pull the image. Of AWS's text, because the error's name is that of any invalid value. @param {Row} row */
export function lacksPermission({ failure = "" }) {
  return failure.includes("ECR") && /permission|not authorized/i.test(failure);
}

/** A table in columns as wide as their widest cell. @param {readonly (readonly string[])[]} rows */
function tableOf(rows) {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (/** @type {readonly string[]} */ row) =>
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ");
  return rows.map((row) => line(row).trimEnd()).join("\n");
}
