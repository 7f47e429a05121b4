import { refuse } from "./usage.mjs";

/**
 * An ECR repository or an image in one.
 * @typedef {{ readonly uri: string, readonly account: string, readonly region: string, readonly name: string }} Repository
 */

/** Throws a UsageError. @param {string} uri @returns {Repository} */
export function repositoryOf(uri) {
  const found =
    /^((\d+)\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?\/([^@:]+))(?:[@:].*)?$/.exec(uri);
  if (found === null)
    return refuse(
      `--repository must be an ECR repository, such as 111122223333.dkr.ecr.eu-west-1.amazonaws.com/hasura-migrate, not "${uri}"`,
    );
  const [, whole = "", account = "", region = "", name = ""] = found;
  return { uri: whole, account, region, name };
}
