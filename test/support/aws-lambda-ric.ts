import { existsSync } from "node:fs";
import { join } from "node:path";
import { ricHome } from "../../scripts/install-aws-lambda-ric.mjs";

/** Lambda's own interface client, installed; or why it is not there. */
export type InstalledRic =
  { readonly directory: string; readonly entry: string } | { readonly missing: string };

/** What `node scripts/install-aws-lambda-ric.mjs` left in its cache for this Node. */
export function installedRic(): InstalledRic {
  const directory = join(ricHome, "node_modules/aws-lambda-ric");
  const entry = ["bin/index.mjs", "index.mjs"]
    .map((file) => join(directory, file))
    .find((file) => existsSync(file));
  return entry === undefined
    ? { missing: "aws-lambda-ric is not installed: run node scripts/install-aws-lambda-ric.mjs" }
    : { directory, entry };
}
