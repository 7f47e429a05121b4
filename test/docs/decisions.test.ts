import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { describe, test } from "vitest";

const root = dirname(dirname(import.meta.dirname));

const page = readFileSync(join(root, "ARCHITECTURE.md"), "utf8");
const table = page.slice(page.indexOf("## Where is … decided?"), page.indexOf("## Build and"));

/** One row: a question, the files with the answer, and the functions or definitions in them. */
const rows = [...table.matchAll(/^\| (.+?) \| (.+) \| (.+) \|$/gm)]
  .slice(2)
  .map(([, question = "", files = "", names = ""]) => ({
    question,
    files: besideEachOther(inBackticks(files).filter((text) => text.includes("."))),
    names: inBackticks(names),
  }));

function inBackticks(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, text = ""]) => text);
}

/** Paths below src/; a name without a folder is in the folder of the file before it. */
function besideEachOther(files: readonly string[]): string[] {
  return files.reduce<string[]>((paths, file) => {
    const folder = file.includes("/") ? "" : posix.dirname(paths.at(-1) ?? "");
    return [...paths, posix.join(folder, file)];
  }, []);
}

describe("ARCHITECTURE.md, where something is decided", () => {
  test("has more than twenty rows", () => {
    assert.ok(rows.length > 20, String(rows.length));
  });

  test.for(rows)("$question: the files and the names exist", ({ files, names }) => {
    const missing = files.filter((file) => !existsSync(join(root, "src", file)));
    assert.deepEqual(missing, []);
    const texts = files.map((file) => readFileSync(join(root, "src", file), "utf8")).join("\n");
    const unknown = names.filter((name) => !new RegExp(`\\b${name}\\b`).test(texts));
    assert.deepEqual(unknown, []);
    assert.ok(names.length > 0);
  });
});
