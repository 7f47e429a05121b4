import { PluginKind, declareValuePlugin } from "@stryker-mutator/api/plugin";

const reason =
  "wording, which tests of the renderers assert, or SQL, which scripts/mutate.mjs mutates";

/**
 * Stryker's ignorer "wording": leaves literals with a blank between words alone. Codes, keys and other single words are mutated like
 * the rest. So is a template that holds more than plain values, because everything inside an ignored node is ignored.
 */
export const strykerPlugins = [
  declareValuePlugin(PluginKind.Ignore, "wording", {
    shouldIgnore: (path) => (isWording(path) ? reason : undefined),
  }),
];

/** `path` is Babel's, of which Stryker declares less than it passes. */
function isWording(/** @type {{ node?: any }} */ { node }) {
  if (node.type === "StringLiteral") return hasBlank(node.value);
  if (node.type !== "TemplateLiteral") return false;
  /** @type {{ value: { raw: string } }[]} */
  const texts = node.quasis;
  return hasBlank(texts.map(({ value }) => value.raw).join("x")) && node.expressions.every(isPlain);
}

function hasBlank(/** @type {string} */ text) {
  return /\S\s+\S/.test(text);
}

/**
 * True for names, members and calls of plain values, which hold nothing to mutate.
 * @param {any} node
 * @returns {boolean}
 */
function isPlain(node) {
  if (node.type === "MemberExpression") return isPlain(node.object);
  if (node.type === "CallExpression") return isPlain(node.callee) && node.arguments.every(isPlain);
  return ["Identifier", "ThisExpression", "NumericLiteral", "StringLiteral"].includes(node.type);
}
