import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { realFileSystem } from "../engine/project/file-system.ts";
import { manifestName, manifestOf } from "../engine/project/manifest.ts";
import { readProject } from "../engine/project/project.ts";
import { projectSeeds } from "../engine/project/seeds.ts";
import { Failure } from "../protocol/failure.ts";

/*
 * `node write-manifest.mjs DIRECTORY`: writes the manifest of the project in a directory (src/engine/project/manifest.ts). Run when
 * an image is built, as the last step that touches the project. A project that the function would refuse stops the build.
 */

const [directory] = process.argv.slice(2);
if (directory === undefined) throw new Error("usage: write-manifest.mjs DIRECTORY");
try {
  const project = await readProject(directory);
  const seeds = await projectSeeds(project);
  for (const { message } of seeds.notices) process.stderr.write(`write-manifest: ${message}\n`);
  const manifest = await manifestOf(project, seeds.files, realFileSystem);
  const path = join(directory, manifestName);
  writeFileSync(path, JSON.stringify(manifest));
  chmodSync(path, 0o644); // Lambda runs the function under a different user
  const count = Object.keys(manifest.files).length + seeds.files.length;
  process.stdout.write(`${String(count)} files in the manifest\n`);
} catch (thrown) {
  if (!(thrown instanceof Failure)) throw thrown;
  process.stderr.write(`write-manifest: ${thrown.message}\n`);
  for (const hint of thrown.hints)
    if (hint.kind === "text") process.stderr.write(`  → ${hint.text}\n`);
  // The published image has no migrations; they are added to it later.
  process.exitCode = thrown.code === "no-migrations-directory" ? 0 : 1;
}
