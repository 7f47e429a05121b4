import { createHash } from "node:crypto";
import { PluginKind, declareValuePlugin } from "@stryker-mutator/api/plugin";
import { samplePercent, sampleSeed } from "./folders.mjs";

/**
 * Stryker's ignorer "sample": leaves top-level statements (functions, mostly) out at random, so that a folder can be measured in a
 * fraction of the time. The same seed chooses the same statements as long as their file does not change.
 */
export const strykerPlugins = [
  declareValuePlugin(PluginKind.Ignore, "sample", {
    shouldIgnore: (path) => (isLeftOut(path) ? "not in the sample" : undefined),
  }),
];

/** `path` is Babel's, of which Stryker declares less than it passes. */
function isLeftOut(/** @type {{ node?: any, parent?: any }} */ { node, parent }) {
  if (samplePercent >= 100 || parent?.type !== "Program") return false;
  const place = `${sampleSeed}:${String(node.start)}:${String(node.end)}`;
  const number = createHash("sha256").update(place).digest().readUInt32BE();
  return (100 * number) / 2 ** 32 >= samplePercent;
}
