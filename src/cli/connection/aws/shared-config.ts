import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { loadSharedConfigFiles } from "@smithy/core/config";
import { decodeText } from "../../../decode-text.ts";
import { Failure } from "../../../protocol/failure.ts";
import { textHint } from "../../../protocol/hint.ts";
import type { CliContext } from "../../context.ts";

type Section = Readonly<Record<string, string | undefined>>;

/** The heading of a section, as it stands in a file. */
export interface Heading {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  /** Between the brackets: `profile acme`. */
  readonly text: string;
}

/** The parts of the AWS configuration and credentials files that this program reads itself. */
export interface SharedConfig {
  readonly configFilepath: string;
  readonly filepath: string;
  readonly profiles: readonly string[];
  /** A profile's own settings; the credentials file wins. Undefined when there is no such profile. */
  readonly profile: (name: string) => Section | undefined;
  /** Every heading of both files, those that are not understood included. */
  readonly headings: readonly Heading[];
  /** A `services` section of the configuration file. */
  readonly services: (name: string) => Section | undefined;
}

/**
 * Reads both files, where the AWS tools look for them; a missing file counts as empty.
 * Throws usage/aws-file-encoding for one that is not UTF-8, which the SDK would take for an empty one.
 */
export async function readSharedConfig(context: CliContext): Promise<SharedConfig> {
  const configFilepath = context.env["AWS_CONFIG_FILE"] ?? join(context.home, ".aws", "config");
  const filepath =
    context.env["AWS_SHARED_CREDENTIALS_FILE"] ?? join(context.home, ".aws", "credentials");
  for (const file of [configFilepath, filepath]) await refuseOtherEncoding(file);
  const { configFile, credentialsFile } = await loadSharedConfigFiles({
    configFilepath,
    filepath,
    ignoreCache: true,
  });
  const profiles = [
    ...new Set([...Object.keys(configFile), ...Object.keys(credentialsFile)]),
  ].filter(
    // Sections of other kinds are listed as "kind.name".
    (name) => !/^(sso-session|services)\./.test(name),
  );
  return {
    configFilepath,
    filepath,
    profiles,
    profile: (name) =>
      profiles.includes(name) ? { ...configFile[name], ...credentialsFile[name] } : undefined,
    headings: (await Promise.all([configFilepath, filepath].map(headingsOf))).flat(),
    services: (name) => configFile[`services.${name}`],
  };
}

async function refuseOtherEncoding(file: string): Promise<void> {
  // If a file cannot be read, the SDK reports it.
  const bytes = await readFile(file).catch(() => undefined);
  if (bytes === undefined) return;
  const { encoding } = decodeText(bytes);
  if (encoding === "UTF-8") return;
  const is = encoding === "unknown" ? "not valid UTF-8" : `${encoding}, not UTF-8`;
  throw new Failure("usage", "aws-file-encoding", `The AWS file ${file} is ${is}.`, {
    hints: [
      textHint("Save the file as UTF-8. Windows PowerShell 5.1 writes UTF-16 with > and Out-File."),
    ],
  });
}

async function headingsOf(file: string): Promise<Heading[]> {
  const { text = "" } = decodeText(await readFile(file).catch(() => Buffer.alloc(0)));
  return text.split(/\r?\n/).flatMap((line, i) => {
    const heading = /^\s*\[([^\]]*)\]/.exec(line)?.[1];
    return heading === undefined ? [] : [{ file, line: i + 1, text: heading.trim() }];
  });
}

/**
 * A service's endpoint of a profile, which the SDK ignores when the profile is chosen in code
 * (docs/internals/aws-lambda.md, "Profiles and the default chain").
 */
export function endpointOf(
  files: SharedConfig,
  profile: string | undefined,
  service: string,
): string | undefined {
  const section = profile === undefined ? undefined : files.profile(profile);
  const services = section?.["services"];
  return (
    (services === undefined ? undefined : files.services(services)?.[`${service}.endpoint_url`]) ??
    section?.["endpoint_url"]
  );
}
