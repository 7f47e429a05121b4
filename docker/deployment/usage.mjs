/** A mistake of whoever typed the command or wrote the deployment file: exit code 2, before anything is changed. */
export class UsageError extends Error {}

/** @param {string} message @returns {never} */
export function refuse(message) {
  throw new UsageError(message);
}

/** One line of progress, on stderr. */
export function step(/** @type {string} */ text) {
  process.stderr.write(`deploy: ${text}\n`);
}
