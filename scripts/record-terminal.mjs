import { spawn } from "node:child_process";
import { chmodSync, cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { screenOf, svgOf } from "./terminal-svg.mjs";

/*
 * `npm run record`: runs `npm start` in a terminal of 100 columns, and writes what the terminal shows at the end to
 * docs/terminal.svg. It runs in a copy of this repository, so that it starts from an empty database and leaves the one of
 * `npm start` alone. Needs `script` (util-linux), which makes the terminal.
 */
const root = dirname(import.meta.dirname);
const columns = 100;
const command = "npm start";

const copy = mkdtempSync(join(tmpdir(), "hasura-migrate-record-"));
chmodSync(copy, 0o711); // as root, the server runs under another user
try {
  for (const part of [
    "package.json",
    "package-lock.json",
    ".npmrc",
    "tsconfig.json",
    "scripts",
    "src",
    "migrations",
  ]) {
    cpSync(join(root, part), join(copy, part), { recursive: true });
  }
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  const output = await outputOf(command, copy);
  const screen = await screenOf(`\x1b[1;32m$\x1b[0m ${command}\r\n${output}`, { columns });
  const title = `Terminal: ${command} applies the sample project`;
  writeFileSync(join(root, "docs/terminal.svg"), svgOf(screen, { title }));
  process.stderr.write(`Wrote docs/terminal.svg: ${String(screen.length)} lines\n`);
} finally {
  rmSync(copy, { recursive: true, force: true });
}

/**
 * What a program writes to a terminal. `script` has no option for the terminal's size, so `stty` sets it.
 * @param {string} program
 * @param {string} cwd
 * @returns {Promise<string>}
 */
async function outputOf(program, cwd) {
  // As a person's terminal: what CI or a colour setting would change is left out.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(CI|NO_COLOR|FORCE_COLOR|GITHUB_.*)$/.test(name),
    ),
  );
  const child = spawn(
    "script",
    [
      "--quiet",
      "--return",
      "--command",
      `stty cols ${String(columns)} rows 50; exec ${program}`,
      "/dev/null",
    ],
    {
      cwd,
      // npm's own lines would come before ours.
      env: {
        ...env,
        TERM: "xterm-256color",
        npm_config_loglevel: "silent",
        npm_config_progress: "false",
      },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (/** @type {string} */ chunk) => (output += chunk));
  const code = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (code !== 0) throw new Error(`${program} ended with exit code ${String(code)}:\n${output}`);
  return output;
}
