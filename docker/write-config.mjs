#!/usr/bin/env node
/*
 * Writes the config.yaml of the image: a new file with the few keys that the function reads. Nothing else is copied, because
 * a project's config.yaml may contain the admin secret in any of YAML's spellings. Used by stage-project.
 *
 *   write-config.mjs FROM TO LABEL METADATA_IS_SEPARATE
 *
 * LABEL is the name of FROM in messages; METADATA_IS_SEPARATE is "yes" if a directory from elsewhere replaces the project's
 * metadata. Prints the metadata directory, relative to the project, and on a second line the metadata file, if there is one. Exits
 * with code 1 and a message if FROM is unusable; messages never repeat a value or a line of FROM, except for the paths.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { isAbsolute, join, normalize } from "node:path";
import { LineCounter, parseDocument, stringify } from "yaml";

const [from = "", to = "", label = "", metadataIsSeparate] = process.argv.slice(2);
const directories = ["migrations_directory", "metadata_directory", "seeds_directory"];

/** @param {string} message @returns {never} */
function stop(message) {
  process.stderr.write(`stage-project: ${message}\n`);
  process.exit(1);
}

/**
 * The text of a file in UTF-8 or UTF-16, which Windows PowerShell 5.1 writes with `>`: recognised as the function and the CLI do
 * (src/decode-text.ts). @param {Buffer} bytes @returns {string}
 */
function textOf(bytes) {
  try {
    return new TextDecoder(encodingOf(bytes), { fatal: true }).decode(bytes);
  } catch {
    return stop(`${label} is neither UTF-8 nor UTF-16`);
  }
}

/** @param {Buffer} bytes @returns {string} */
function encodingOf(bytes) {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "utf-16be";
  const zeros = [0, 1].map(
    (half) => bytes.filter((byte, at) => byte === 0 && at % 2 === half).length,
  );
  const [even = 0, odd = 0] = zeros;
  if (odd > bytes.length * 0.2 && even === 0) return "utf-16le";
  return even > bytes.length * 0.2 && odd === 0 ? "utf-16be" : "utf-8";
}

/** The top level of the file. Its values are unchecked. @returns {Record<string, unknown>} */
function readConfig() {
  const lineCounter = new LineCounter();
  // Pretty errors quote the line, which may be the one with the secret.
  const document = parseDocument(textOf(readFileSync(from)), { prettyErrors: false, lineCounter });
  const [error] = document.errors;
  if (error !== undefined)
    stop(`${label} is not valid YAML (line ${String(lineCounter.linePos(error.pos[0]).line)})`);
  /** @type {unknown} */
  const config = document.toJS() ?? {};
  if (typeof config !== "object" || config === null || Array.isArray(config))
    return stop(`${label} is not a YAML mapping`);
  return { ...config };
}

/** @param {string} key @param {unknown} value @param {string} what @returns {string} */
function checkedPath(key, value, what) {
  if (typeof value !== "string" || value === "" || /[\n\r\0]/.test(value))
    return stop(`${key} in ${label} is not a ${what}`);
  return value;
}

/** @param {string} path @returns {boolean} */
function leadsOut(path) {
  return isAbsolute(path) || join("project", path).split("/")[0] !== "project";
}

/** @param {string} key @param {unknown} value @returns {string} */
function directoryInside(key, value) {
  const path = checkedPath(key, value, "directory");
  if (!leadsOut(path)) return path;
  if (key === "metadata_directory" && metadataIsSeparate === "yes") return "metadata";
  return stop(
    `${key} in ${label} leads out of the project: ${path}` +
      (key === "metadata_directory" ? "; name that directory with METADATA" : ""),
  );
}

/** @param {unknown} value @returns {string} */
function metadataFile(value) {
  const path = checkedPath("metadata_file", value, "file");
  if (leadsOut(path)) return stop(`metadata_file in ${label} leads out of the project: ${path}`);
  // Its copy would have the secrets of the project's own config.yaml.
  if (normalize(path) === "config.yaml") return stop(`metadata_file in ${label} is config.yaml`);
  return normalize(path);
}

const config = readConfig();
/** @type {Record<string, string | number>} */
const known = {};
if (config.version !== undefined) {
  // The official CLI and the function read `version: "3"` as well.
  const version = typeof config.version === "string" ? Number(config.version) : config.version;
  if (version !== 1 && version !== 2 && version !== 3)
    stop(`version in ${label} must be 1, 2 or 3`);
  known.version = version;
}
for (const key of directories)
  if (config[key] !== undefined) known[key] = directoryInside(key, config[key]);
if (config.metadata_file !== undefined && metadataIsSeparate !== "yes")
  known.metadata_file = metadataFile(config.metadata_file);

writeFileSync(to, stringify(known));
const omitted = Object.keys(config).filter((key) => !(key in known) && /^\w{1,40}$/.test(key));
if (omitted.length > 0)
  process.stderr.write(
    `stage-project: left out of the image's config.yaml: ${omitted.join(", ")} (${label})\n`,
  );
process.stdout.write(
  `${String(known.metadata_directory ?? "metadata")}\n${String(known.metadata_file ?? "")}\n`,
);
