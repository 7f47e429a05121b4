import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, test } from "vitest";

const root = dirname(dirname(import.meta.dirname));

const pages = [
  ...["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"],
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".md"))
    .map((path) => `docs/${path.replaceAll("\\", "/")}`),
];

/** A page without its code, in which nothing is a link or a heading. */
function proseOf(page: string): string {
  return readFileSync(join(root, page), "utf8").replace(/^( *)```[^]*?^\1```/gm, "");
}

/** The anchor that code hosts give a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
}

function anchorsOf(page: string): Set<string> {
  return new Set(
    [...proseOf(page).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = ""]) => anchorOf(heading)),
  );
}

/** Why a link leads nowhere, or nothing. */
function problemOf(page: string, link: string): string | undefined {
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? join(root, page) : join(root, dirname(page), path);
  if (!existsSync(target)) return `${page} links to ${link}, which does not exist`;
  if (anchor === undefined || statSync(target).isDirectory()) return undefined;
  const name = relative(root, target);
  return anchorsOf(name).has(anchor)
    ? undefined
    : `${page} links to ${link}: ${name} has no such heading`;
}

describe("links between the pages", () => {
  test.for(pages)("of %s lead to a file and a heading", (page) => {
    const links = [...proseOf(page).matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)/g)];
    const problems = links.flatMap(([, link = ""]) => problemOf(page, link) ?? []);
    assert.deepEqual(problems, []);
  });
});

describe("the index of docs/", () => {
  test("links to every page", () => {
    const index = proseOf("docs/README.md");
    const missing = pages
      .filter((page) => page.startsWith("docs/") && page !== "docs/README.md")
      .filter((page) => !index.includes(`](${page.replace("docs/", "")})`));
    assert.deepEqual(missing, []);
  });
});
