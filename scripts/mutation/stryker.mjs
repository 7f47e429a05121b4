import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { folderVariable, reportFile } from "./folders.mjs";

/**
 * Runs Stryker on each folder, and prints a row for each. Returns false if a run failed, or a score is below the folder's bound.
 * @param {string} root
 * @param {readonly import("./folders.mjs").MutatedFolder[]} folders
 * @returns {Promise<boolean>}
 */
export async function runStryker(root, folders) {
  process.stdout.write(
    "| folder | score | killed | survived | not covered | minutes |\n| --- | ---: | ---: | ---: | ---: | ---: |\n",
  );
  let good = true;
  for (const folder of folders) {
    const start = Date.now();
    const code = await stryker(root, folder.name);
    const minutes = ((Date.now() - start) / 60_000).toFixed(1);
    if (code === 0) {
      const { killed, survived, notCovered } = countsOf(
        join(root, reportFile(folder.name, "json")),
      );
      const score = (100 * killed) / (killed + survived + notCovered);
      good &&= score >= folder.atLeast;
      const cells = [folder.name, `${score.toFixed(1)} %`, killed, survived, notCovered, minutes];
      process.stdout.write(`| ${cells.join(" | ")} |\n`);
    } else {
      good = false;
      process.stdout.write(
        `| ${folder.name} | Stryker exited with code ${code} | | | | ${minutes} |\n`,
      );
    }
  }
  return good;
}

/**
 * @param {string} root
 * @param {string} name
 * @returns {Promise<number>} the exit code
 */
function stryker(root, name) {
  const program = join(root, "node_modules/@stryker-mutator/core/bin/stryker.js");
  const child = spawn(process.execPath, [program, "run"], {
    cwd: root,
    env: { ...process.env, [folderVariable]: name },
    // Its progress is not part of the table.
    stdio: ["ignore", 2, 2],
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  });
}

/** How many mutants were noticed, and how many were not, from Stryker's JSON report. */
function countsOf(/** @type {string} */ report) {
  /** @type {{ files: Record<string, { mutants: { status: string }[] }> }} */
  const { files } = JSON.parse(readFileSync(report, "utf8"));
  const statuses = Object.values(files).flatMap(({ mutants }) =>
    mutants.map(({ status }) => status),
  );
  const count = (/** @type {string[]} */ ...wanted) =>
    statuses.filter((status) => wanted.includes(status)).length;
  return {
    killed: count("Killed", "Timeout"),
    survived: count("Survived"),
    notCovered: count("NoCoverage"),
  };
}
