import { runTool } from "./tool.mjs";

/**
 * `npm run lint`: eslint, then prettier; `--fix` repairs what they can.
 * @param {{ args: string[] }} options
 */
export async function run({ args }) {
  const fix = args.includes("--fix");
  await runTool("eslint/bin/eslint.js", [
    "--max-warnings=0",
    "--cache",
    "--cache-location=node_modules/.cache/eslint/",
    ...(fix ? ["--fix"] : []),
  ]);
  await runTool("prettier/bin/prettier.cjs", [
    fix ? "--write" : "--check",
    "--log-level=warn",
    "--cache",
    ".",
  ]);
}
