/**
 * The policy of a repository that lets Lambda in other accounts pull its images.
 *
 * Two statements: one for the accounts, whose administrators decide who may use it, and one for Lambda itself, which pulls the
 * image again when a function was inactive.
 */

/** @typedef {{ readonly partition: string, readonly region: string, readonly account: string }} Place where functions are */

const actions = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];
const accountsSid = "HasuraMigrateAccounts";
const lambdaSid = "HasuraMigrateLambda";

/**
 * The existing policy with these places added; undefined if it has them all. Other statements stay as they are.
 * @param {string | undefined} existing the policy's text
 * @param {readonly Place[]} places
 * @returns {string | undefined} JSON
 */
export function policyFor(existing, places) {
  const policy = parsePolicy(existing);
  const statements = policy.Statement;
  const principals = unite(
    statements.find(({ Sid }) => Sid === accountsSid)?.Principal?.AWS,
    places.map(({ partition, account }) => `arn:${partition}:iam::${account}:root`),
  );
  const functions = unite(
    statements.find(({ Sid }) => Sid === lambdaSid)?.Condition?.StringLike?.["aws:sourceArn"],
    places.map(
      ({ partition, region, account }) => `arn:${partition}:lambda:${region}:${account}:function:*`,
    ),
  );
  const hasAll = principals.added + functions.added === 0;
  if (hasAll) return undefined;
  const others = statements.filter(({ Sid }) => Sid !== accountsSid && Sid !== lambdaSid);
  const own = [
    {
      Sid: accountsSid,
      Effect: "Allow",
      Principal: { AWS: principals.all },
      Action: actions,
    },
    {
      Sid: lambdaSid,
      Effect: "Allow",
      Principal: { Service: "lambda.amazonaws.com" },
      Action: actions,
      Condition: { StringLike: { "aws:sourceArn": functions.all } },
    },
  ];
  return JSON.stringify({ ...policy, Statement: [...others, ...own] }, null, 2);
}

/**
 * @typedef {{
 *   readonly Sid?: string,
 *   readonly Principal?: { readonly AWS?: string | string[] },
 *   readonly Condition?: { readonly StringLike?: { readonly "aws:sourceArn"?: string | string[] } },
 * }} Statement
 */

/** @param {string | undefined} text @returns {{ readonly Statement: readonly Statement[] }} */
function parsePolicy(text) {
  const empty = { Version: "2012-10-17", Statement: [] };
  // AWS has checked what it stored.
  return text === undefined ? empty : JSON.parse(text);
}

/** @param {string | string[] | undefined} present @param {readonly string[]} wanted */
function unite(present, wanted) {
  const before = present === undefined ? [] : [present].flat();
  const all = [...new Set([...before, ...wanted])].toSorted();
  return { all, added: all.length - before.length };
}
