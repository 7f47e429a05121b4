import pLimit from "p-limit";
import { Failure } from "../../protocol/failure.ts";
import { textHint } from "../../protocol/hint.ts";
import { readSharedConfig, type SharedConfig } from "../connection/aws/shared-config.ts";
import { SharedCredentials } from "../connection/aws/shared-credentials.ts";
import { taggedFunctions } from "../connection/aws/tagged-functions.ts";
import { taggingServiceOf, type Place } from "../connection/aws/tagging-service.ts";
import { isLoopback } from "../connection/loopback.ts";
import type { LoadedConfig } from "../config/load.ts";
import type { CliContext } from "../context.ts";
import { plural } from "../output/format.ts";
import { waitingLine } from "../output/terminal/waiting-line.ts";
import { withoutPrompts } from "../run/nobody-to-ask.ts";
import { keepFunctions, keptFunctions } from "./cache.ts";
import type { SearchedPlace } from "./environments.ts";

/** Places that are searched at once. */
const atOnce = 8;

/** Which places are searched: those that are named, else every profile in every region that is configured anywhere. */
export interface SearchOptions {
  readonly color: boolean;
  readonly quiet?: boolean | undefined;
  readonly profile?: string | undefined;
  readonly region?: string | undefined;
  readonly regions?: readonly string[] | undefined;
  readonly endpointUrl?: string | undefined;
}

/**
 * Looks for functions with the tag in each place, a few at once. One that fails is part of the result. Nobody is asked anything:
 * a login that has expired is a failure of its place. Throws usage failures.
 */
export async function discover(
  context: CliContext,
  options: SearchOptions,
  { config }: LoadedConfig,
): Promise<SearchedPlace[]> {
  const files = await readSharedConfig(context);
  const places = placesOf(options, files, config, context);
  const alone = withoutPrompts(context);
  const shared = new SharedCredentials();
  const limit = pLimit(atOnce);
  const waiting = waitingLine(context, options);
  if (options.quiet !== true)
    waiting.show(`looking for functions in ${plural(places.length, "place")} …`);
  try {
    return await Promise.all(
      places.map((place) => limit(() => search(place, { files, shared }, alone))),
    );
  } finally {
    waiting.stop();
    shared.close();
  }
}

async function search(
  place: Place,
  { files, shared }: { readonly files: SharedConfig; readonly shared: SharedCredentials },
  context: CliContext,
): Promise<SearchedPlace> {
  const { profile, region } = place;
  const where = { ...(profile !== undefined && { profile }), region };
  try {
    if (context.interrupts.first.aborted)
      throw new Failure("interrupted", "interrupted", "Interrupted.");
    const service = await taggingServiceOf(place, files, context, shared);
    try {
      const key = [service.url, region, profile ?? "", keyOf(context)];
      const kept = await keptFunctions(key, context);
      if (kept) return { ...where, found: kept };
      const found = await taggedFunctions(service, context, context.interrupts.first);
      await keepFunctions(key, found, context);
      return { ...where, found };
    } finally {
      service.handler.destroy();
    }
  } catch (thrown) {
    if (thrown instanceof Failure) return { ...where, found: thrown };
    throw thrown;
  }
}

/** Whose credentials the environment has; those of a profile are known by its name. */
function keyOf({ env }: CliContext): string {
  return env["AWS_ACCESS_KEY_ID"] ?? env["AWS_ROLE_ARN"] ?? "";
}

function placesOf(
  options: SearchOptions,
  files: SharedConfig,
  config: LoadedConfig["config"],
  context: CliContext,
): Place[] {
  const { endpointUrl } = options;
  if (endpointUrl !== undefined) return [localPlace(endpointUrl, options.region)];
  const profiles = profilesFor(options, files, context);
  const regions = regionsFor(options, files, config, context);
  if (regions.length === 0)
    throw new Failure("usage", "region-missing", "There is no AWS region to search.", {
      hints: [textHint("Name it with --region or --regions, or set a region in the AWS profile.")],
    });
  return profiles.flatMap((profile) =>
    regions.map((region) => ({ ...(profile !== undefined && { profile }), region })),
  );
}

/** The tagging API has another address than Lambda; a service on this machine has one for both. */
function localPlace(endpointUrl: string, region = "us-east-1"): Place {
  if (isLoopback(endpointUrl)) return { region, endpointUrl };
  throw new Failure(
    "usage",
    "option-ignored",
    "--endpoint-url has no effect on discovery, unless it is a service on this machine.",
    { hints: [textHint("Set AWS_ENDPOINT_URL_RESOURCE_GROUPS_TAGGING_API instead.")] },
  );
}

/** `undefined` stands for the credentials of the environment. */
function profilesFor(
  { profile }: SearchOptions,
  { profiles }: SharedConfig,
  { env }: CliContext,
): (string | undefined)[] {
  if (profile !== undefined) return [profile];
  const hasKeys = Boolean(env["AWS_ACCESS_KEY_ID"] && env["AWS_SECRET_ACCESS_KEY"]);
  return profiles.length === 0 || hasKeys ? [undefined, ...profiles] : [...profiles];
}

function regionsFor(
  { region, regions = [], profile }: SearchOptions,
  files: SharedConfig,
  { defaults, environments = {} }: LoadedConfig["config"],
  { env }: CliContext,
): string[] {
  const named = [...(region === undefined ? [] : [region]), ...regions];
  if (named.length > 0) return [...new Set(named)];
  const profiles = profile === undefined ? files.profiles : [profile];
  const known = [
    ...profiles.map((name) => files.profile(name)?.["region"]),
    ...[defaults, ...Object.values(environments)].map((settings) => settings?.region),
    env["AWS_REGION"],
    env["AWS_DEFAULT_REGION"],
  ];
  return [...new Set(known.flatMap((name) => name || []))];
}
