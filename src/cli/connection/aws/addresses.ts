import { Failure } from "../../../protocol/failure.ts";
import { textHint } from "../../../protocol/hint.ts";
import { isLoginCut } from "../../options/redact-address.ts";

/** An address that was configured, and where. */
export interface Address {
  readonly url: string;
  /** The variable, option or setting it comes from. */
  readonly from: string;
  /** What an address of this kind looks like; by default, that of Lambda. */
  readonly example?: string;
}

/** The address, checked: http or https, without a login. Throws a usage failure that names where it comes from. */
export function checkedEndpoint({
  url,
  from,
  example = "https://lambda.eu-west-1.amazonaws.com",
}: Address): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const problem =
    parsed === undefined || !/^https?:$/.test(parsed.protocol) || parsed.hostname === ""
      ? `must be a URL such as ${example}`
      : parsed.username !== "" || parsed.password !== "" || isLoginCut(parsed)
        ? "must not contain a user name or password"
        : undefined;
  if (problem === undefined) return url;
  throw new Failure("usage", "address-invalid", `${from}: ${problem}.${shown(url)}`);
}

/** An address that holds a login is not repeated. */
function shown(url: string): string {
  return url.includes("@") ? "" : ` It is ${JSON.stringify(url)}.`;
}

/** True for a name of the form of AWS's regions. */
export function isRegion(region: string): boolean {
  return /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/i.test(region);
}

/** The region, checked: what the SDK would otherwise put into a host name. Throws `usage/region-invalid`. */
export function checkedRegion(region: string, from: string): string {
  if (isRegion(region)) return region;
  const bare = region.trim().replace(/^["']+|["']+$/g, "");
  const next =
    bare !== region && /^[a-z0-9-]+$/i.test(bare)
      ? `Write it without quotes or spaces: ${bare}`
      : "A region is a name such as eu-west-1.";
  throw new Failure(
    "usage",
    "region-invalid",
    `${JSON.stringify(region)} is not an AWS region (${from}).`,
    { hints: [textHint(next)] },
  );
}

/** Throws a usage failure for keys that no header can carry: most often a line end from a CI system's secret. */
export function checkKeys(
  keys: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  },
  from: string,
): void {
  const named = [
    ["access key id", keys.accessKeyId],
    ["secret access key", keys.secretAccessKey],
    ["session token", keys.sessionToken ?? ""],
  ] as const;
  for (const [name, value] of named) {
    if (!/[^\x21-\x7e]/.test(value)) continue;
    const what = /[\r\n]/.test(value)
      ? "a line break"
      : /\s/.test(value)
        ? "a space"
        : "a character that keys never contain";
    throw new Failure(
      "usage",
      "credentials-malformed",
      `The ${name} of ${from} contains ${what}.`,
      {
        hints: [textHint("Set it again without that character; nothing was sent.")],
      },
    );
  }
}
