import { createHash } from "node:crypto";
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";

/*
 * What docker/deploy finds as `aws` and as `docker` in its tests. Both share a directory that holds an account's repositories,
 * functions and stacks, one JSON file each, so that calls in parallel do not disturb each other and a second run finds what the
 * first one left. Each call is a line of `calls`.
 *
 * What other commands print stands in answers.json, by their first two words.
 *
 *   stand-in-aws.mjs DIRECTORY aws|docker ARGUMENTS...
 */

const [directory = "", program, ...argv] = process.argv.slice(2);
appendFileSync(join(directory, "calls"), `${String(program)} ${argv.join(" ")}\n`);

/** @param {string} name @returns {string | undefined} */
function option(name) {
  const place = argv.indexOf(name);
  return place === -1 ? undefined : argv[place + 1];
}

/** @param {string} path @returns {Record<string, any> | undefined} */
function load(path) {
  const file = join(directory, `${path}.json`);
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
}

/** @param {string} path @param {unknown} value */
function store(path, value) {
  const file = join(directory, `${path}.json`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(value));
}

/** @param {unknown} text @returns {never} */
function answer(text) {
  if (text !== "") process.stdout.write(`${String(text)}\n`);
  process.exit(0);
}

/** @param {string} name @param {string} message @returns {never} */
function refuse(name, message) {
  process.stderr.write(`\nAn error occurred (${name}) when calling the operation: ${message}\n`);
  process.exit(254);
}

const account = () => load("profiles")?.[option("--profile") ?? ""] ?? "111122223333";
const region = () => option("--region") ?? "eu-west-1";

const ecr = {
  path: () => `repositories/${region()}/${String(option("--repository-name"))}`,
  load() {
    const repository = load(this.path());
    return (
      repository ??
      refuse("RepositoryNotFoundException", `The repository '${this.path()}' does not exist`)
    );
  },
};

/** @type {Record<string, () => void>} */
const awsCommands = {
  "configure list-profiles": () => {
    const profiles = load("profiles");
    if (profiles === undefined) refuse("InvalidChoice", "list-profiles");
    answer(Object.keys(profiles).join("\n"));
  },
  "configure get": () => answer("eu-west-1"),
  "sts get-caller-identity": () => answer(`arn:aws:sts::${account()}:assumed-role/deploy/me`),
  "ecr get-login-password": () => answer("token"),
  "ecr create-repository": () => {
    store(ecr.path(), { tags: {} });
    answer("created");
  },
  "ecr batch-get-image": () => {
    const tag = String(option("--image-ids")).replace("imageTag=", "");
    answer(ecr.load().tags[tag] ?? "None");
  },
  "ecr get-repository-policy": () => {
    const { policy, secretPolicy } = ecr.load();
    if (secretPolicy) refuse("AccessDeniedException", "not authorized");
    answer(policy ?? refuse("RepositoryPolicyNotFoundException", "no policy"));
  },
  "ecr set-repository-policy": () => {
    store(ecr.path(), { ...ecr.load(), policy: option("--policy-text") });
    answer("{}");
  },
  "lambda get-function-configuration": () => {
    const found = loadFunction();
    if (String(option("--query")).includes("Reason"))
      answer(found["reason"] ?? "The function could not be updated");
    const arn = `arn:aws:lambda:${String(found["region"])}:${String(found["account"])}:function:${functionName()}`;
    answer([arn, found["type"] ?? "Image", found["digest"]].join("\t"));
  },
  "lambda update-function-code": () => {
    const found = loadFunction();
    const { busy = 0, refused } = found;
    if (busy > 0) {
      store(`functions/${functionName()}`, { ...found, busy: busy - 1 });
      refuse("ResourceConflictException", "An update is in progress");
    }
    if (refused) refuse("InvalidParameterValueException", refused);
    const digest = String(option("--image-uri")).split("@sha256:")[1];
    store(`functions/${functionName()}`, { ...found, digest });
    answer("{}");
  },
  "lambda wait": () => process.exit(loadFunction()["reason"] === undefined ? 0 : 255),
  "cloudformation deploy": () => {
    const name = String(option("--stack-name"));
    const { fails, refused } = load(`stacks/${name}`) ?? {};
    if (refused) refuse("ValidationError", refused);
    if (fails) {
      process.stderr.write(`Failed to create/update the stack: ${name}\n`);
      process.exit(255);
    }
    const from = argv.indexOf("--parameter-overrides") + 1;
    const length = argv.slice(from).findIndex((word) => word.startsWith("--"));
    const pairs = argv.slice(from, length === -1 ? undefined : from + length);
    const parameters = Object.fromEntries(pairs.map((pair) => split(pair, "=")));
    store(`stacks/${name}`, parameters);
    store(`functions/hasura-migrate-${String(parameters["Environment"])}`, {
      account: account(),
      region: region(),
      digest: String(parameters["ImageUri"]).split("@sha256:")[1],
    });
    answer(`Successfully created/updated stack - ${name}`);
  },
  "cloudformation describe-stack-events": () =>
    answer(load(`stacks/${String(option("--stack-name"))}`)?.["fails"] ?? ""),
};

function functionName() {
  return String(option("--function-name")).split(":").at(-1);
}

function loadFunction() {
  return (
    load(`functions/${String(functionName())}`) ??
    refuse("ResourceNotFoundException", `Function not found: ${String(functionName())}`)
  );
}

/** @param {string} text @param {string} at @returns {[string, string]} */
function split(text, at) {
  const place = text.indexOf(at);
  return [text.slice(0, place), text.slice(place + at.length)];
}

/** @param {string} uri @returns {{ path: string, repository: string, tag: string }} */
function imageOf(uri) {
  const [repository, tag] = split(uri, ":");
  const [host, name] = split(repository, "/");
  return { path: `repositories/${String(host.split(".")[3])}/${name}`, repository, tag };
}

/** @type {Record<string, () => void>} */
const dockerCommands = {
  build: () => process.exit(load("docker")?.["fails"] ? 1 : 0),
  login: () => process.exit(0),
  tag: () => process.exit(0),
  push: () => {
    const { path, tag } = imageOf(argv.at(-1) ?? "");
    const repository = load(path) ?? { tags: {} };
    const digest = createHash("sha256").update(tag).digest("hex");
    store(path, { ...repository, tags: { ...repository["tags"], [tag]: `sha256:${digest}` } });
    process.exit(0);
  },
  inspect: () => {
    const { path, repository, tag } = imageOf(argv.at(-1) ?? "");
    answer(`${repository}@${String(load(path)?.["tags"][tag])}`);
  },
};

const canned = program === "aws" ? load("answers")?.[argv.slice(0, 2).join(" ")] : undefined;
if (canned !== undefined) answer(canned);
const command =
  program === "aws" ? awsCommands[argv.slice(0, 2).join(" ")] : dockerCommands[argv[0] ?? ""];
if (command === undefined) refuse("UnknownCommand", argv.join(" "));
else command();
