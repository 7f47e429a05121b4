import { Failure } from "../../../protocol/failure.ts";
import { commandHint, textHint, type Hint } from "../../../protocol/hint.ts";
import { didYouMean } from "../../../did-you-mean.ts";
import type { SharedConfig } from "./shared-config.ts";

type Section = Readonly<Record<string, string | undefined>>;

/**
 * Throws `access/profile-broken` for what the SDK would report as "could not resolve credentials", if at all: the message names the
 * file, the line of the profile and the setting. Follows `source_profile`.
 */
export function checkProfile(name: string, files: SharedConfig): void {
  const seen = new Set<string>();
  let current: string | undefined = name;
  while (current !== undefined && !seen.has(current)) {
    seen.add(current);
    const section: Section = files.profile(current) ?? {};
    const problem = problemOf(section, files);
    if (problem !== undefined) throw broken(current, files, problem);
    current = hasKeys(section) && seen.size > 1 ? undefined : section["source_profile"];
  }
}

interface Problem {
  /** Completes `Profile "acme" in FILE, line 3, …`. */
  readonly what: string;
  readonly hint?: Hint;
}

function problemOf(section: Section, files: SharedConfig): Problem | undefined {
  return halfAKey(section) ?? wrongRole(section, files) ?? misnamedKey(section);
}

function hasKeys(section: Section): boolean {
  return Boolean(section["aws_access_key_id"] && section["aws_secret_access_key"]);
}

function halfAKey(section: Section): Problem | undefined {
  const names = ["aws_access_key_id", "aws_secret_access_key"] as const;
  const [missing, ...others] = names.filter((name) => !section[name]);
  const present = names.find((name) => section[name]);
  if (missing === undefined || others.length > 0 || present === undefined) return undefined;
  return { what: `has ${present} but no ${missing}` };
}

const credentialSources = ["Environment", "Ec2InstanceMetadata", "EcsContainer"];

function wrongRole(section: Section, files: SharedConfig): Problem | undefined {
  const { role_arn: role, source_profile: source, credential_source: from } = section;
  if (source !== undefined && from !== undefined)
    return { what: "has both source_profile and credential_source; only one is allowed" };
  if (source !== undefined && files.profile(source) === undefined) {
    const misnamed = misnamedSection(source, files);
    const why = misnamed === undefined ? "" : `: ${misnamed}`;
    const meant = didYouMean(source, files.profiles);
    return {
      what: `refers to the source_profile "${source}", which does not exist${why}.${meant}`,
    };
  }
  if (from !== undefined && !credentialSources.includes(from))
    return {
      what: `has the credential_source "${from}"; it must be ${credentialSources.join(", ")}`,
    };
  if (role !== undefined && (source ?? from ?? section["web_identity_token_file"]) === undefined)
    return {
      what: "has a role_arn, but no source of credentials to assume it with",
      hint: textHint("Add source_profile, credential_source or web_identity_token_file."),
    };
  return undefined;
}

const keyNames: Readonly<Record<string, string>> = {
  accesskeyid: "aws_access_key_id",
  awsaccesskeyid: "aws_access_key_id",
  secretaccesskey: "aws_secret_access_key",
  awssecretaccesskey: "aws_secret_access_key",
  sessiontoken: "aws_session_token",
  awssessiontoken: "aws_session_token",
};

/** Keys named as in the SDK or the console, which no AWS tool reads from these files. */
function misnamedKey(section: Section): Problem | undefined {
  if (hasKeys(section)) return undefined;
  for (const name of Object.keys(section)) {
    const right = keyNames[name.toLowerCase().replaceAll(/[^a-z]/g, "")];
    if (right !== undefined && right !== name.toLowerCase())
      return {
        what: `has ${name}, which AWS tools ignore`,
        hint: textHint(`The correct name is ${right}.`),
      };
  }
  return undefined;
}

function broken(name: string, files: SharedConfig, { what, hint }: Problem): Failure {
  const sentence = `Profile "${name}" in ${placeOf(name, files)} ${what}`;
  return new Failure(
    "access",
    "profile-broken",
    /[.?]$/.test(sentence) ? sentence : `${sentence}.`,
    {
      hints: [
        ...(hint === undefined ? [] : [hint]),
        commandHint(["aws", "configure", "list", "--profile", name]),
      ],
    },
  );
}

/** `/home/ada/.aws/config, line 12`. */
function placeOf(name: string, { headings, configFilepath, filepath }: SharedConfig): string {
  const found = headings.filter(({ file, text }) =>
    file === filepath ? text === name : isHeadingOf(name, text),
  );
  if (found.length === 0) return configFilepath;
  return found.map(({ file, line }) => `${file}, line ${line}`).join(" and ");
}

function isHeadingOf(name: string, text: string): boolean {
  return text.replace(/^profile\s+/, "").replace(/^(["'])(.*)\1$/, "$2") === name;
}

/** Where a section is that would be this profile if its heading were right; undefined if there is none. */
export function misnamedSection(
  name: string,
  { headings, configFilepath, filepath }: SharedConfig,
): string | undefined {
  const inConfig = headings.find(({ file, text }) => file === configFilepath && text === name);
  if (inConfig !== undefined)
    return `in ${configFilepath}, line ${inConfig.line}, write [profile ${name}] instead of [${name}]`;
  const inKeys = headings.find(
    ({ file, text }) => file === filepath && /^profile\s/.test(text) && isHeadingOf(name, text),
  );
  if (inKeys !== undefined)
    return `in ${filepath}, line ${inKeys.line}, write [${name}] instead of [${inKeys.text}]`;
  return undefined;
}
