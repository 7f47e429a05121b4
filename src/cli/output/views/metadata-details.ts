import { shortenList } from "../../../shorten-list.ts";
import type { MetadataChange, MetadataFieldChange } from "../../../protocol/metadata-change.ts";
import { plural } from "../format.ts";
import { truncate } from "../terminal/width.ts";

interface DetailLook {
  /** Show all fields of added and removed objects, and long values in full. */
  readonly isFull: boolean;
  readonly columns: number;
}

const attentionTexts: Readonly<Record<string, string>> = {
  "new-permission": "new permission",
  "no-row-filter": "no row filter",
  "weaker-row-filter": "less restrictive row filter",
  "no-check": "no check of written rows",
  "weaker-check": "less restrictive check",
  "all-columns": "all columns",
  "more-columns": "more columns",
  "more-computed-fields": "more computed fields",
  "fewer-presets": "a column preset is removed",
  aggregations: "aggregations allowed",
  "more-root-fields": "more root fields",
  "not-only-backend": "no longer limited to the backend",
  "new-role": "new role",
  "more-roles": "inherits more roles",
  "higher-limit": "higher limit",
  introspection: "introspection allowed for more roles",
  "other-schema": "different schema",
  "forwarded-headers": "forwards the client's headers",
  connection: "different connection",
  "other-address": "different address",
  "trusted-certificates": "trusts self-signed certificates of more hosts",
  "other-names": "different name in the API",
  removed: "no longer in the API",
  "removed-permission": "the role loses access",
  "removed-trigger": "no longer runs",
  "undelivered-events": "undelivered events are lost",
};

/** Why a change should be reviewed. */
export function attentionText(reason: string, change: MetadataChange): string {
  if (reason === "still-used") return `still used by ${shortenList(change.usedBy ?? [], 3)}`;
  if (reason === "higher-limit" && isLimitGone(change)) return "limit removed";
  if (reason === "secret-value") return secretText(change);
  return attentionTexts[reason] ?? reason;
}

/** True if no limit is higher, but at least one is gone, or all are switched off. */
function isLimitGone({ fields }: MetadataChange): boolean {
  const limits = fields.filter(({ field }) => /(^permission\.limit|^api_limits\..*)$/.test(field));
  const isGone = ({ field, to }: MetadataFieldChange): boolean =>
    to === undefined || field === "api_limits.disabled";
  const isLower = ({ from, to }: MetadataFieldChange): boolean => !(Number(from) < Number(to));
  return limits.some(isGone) && limits.every((each) => isGone(each) || isLower(each));
}

function secretText({ fields }: MetadataChange): string {
  const sides = new Set(fields.filter(({ isSecret }) => isSecret).map(({ onlyIn }) => onlyIn));
  const [side] = sides.size === 1 ? sides : [];
  if (side === "project") return "new secret";
  return side === "server" ? "secret removed" : "different secret";
}

/** The former name of a renamed object. */
export function renamedFrom({ path, change, fields: [field] }: MetadataChange): string | undefined {
  const isName = field?.field === "name" || field?.field === "root_field_name";
  return change === "changed" && isName && field.to === path.at(-1)?.name ? field.from : undefined;
}

/**
 * What is inside an added or removed object, including parts that are also listed below it because they need attention:
 * `permissions select, update for user, clerk`, `2 relationships`.
 */
export function partTexts(
  parts: readonly { readonly kind: string; readonly name: string }[],
): string[] {
  const roles = new Map<string, string[]>();
  const counts = new Map<string, number>();
  for (const { kind, name } of parts) {
    const operation = /^(select|insert|update|delete)/.exec(kind)?.[0] ?? "";
    const noun = kind.replace(/^.* (?=relationship$)/, "");
    if (kind.endsWith(" permission")) roles.set(operation, [...(roles.get(operation) ?? []), name]);
    else counts.set(noun, (counts.get(noun) ?? 0) + 1);
  }
  return [
    ...(roles.size === 0 ? [] : [`permissions ${operationsByRoles(roles).join("; ")}`]),
    ...[...counts].map(([noun, count]) =>
      plural(count, noun, `${noun.replace(/query$/, "querie")}s`),
    ),
  ];
}

function operationsByRoles(roles: ReadonlyMap<string, readonly string[]>): string[] {
  const operations = new Map<string, string[]>();
  for (const [operation, names] of roles) {
    const text = shortenList(names.toSorted());
    operations.set(text, [...(operations.get(text) ?? []), operation]);
  }
  return [...operations].map(([names, own]) => `${own.join(", ")} for ${names}`.trim());
}

/** Without the parts that are the same for every object of its kind. */
function shortName(field: string): string {
  return field
    .replace(/^using\.foreign_key_constraint_on\.columns$/, "foreign key")
    .replace(/^(permission|definition|configuration|using\.\w+)\./, "");
}

/** The fields that summarise an added or removed object. */
const essential = new RegExp(
  `^(${[
    "permission\\.(columns|filter|check|set|limit|allow_aggregations|backend_only|\\w+_root_fields|computed_fields)",
    "using\\.|webhook|schedule$|url$|methods|role_set",
    "definition\\.(handler|type|output_type|url|function|insert|update|delete|remote_schema|to_\\w+\\.(source|table|remote_schema))",
  ].join("|")})`,
);

/** The maximum width, in columns, of a value that is not shown in full; larger for a condition, whose parts wrap. */
const shortWidth = 60;
const conditionWidth = 240;
/** The maximum number of members of a set that is not shown in full. */
const mostMembers = 12;

/** What differs in an object; for an added or removed one, the fields that summarise it. */
export function fieldTexts(
  { path, change, fields, attention }: MetadataChange,
  look: DetailLook,
): string[] {
  const { isFull, columns } = look;
  const width = Math.min(shortWidth, Math.max(20, columns - 20));
  const short = (text: string): string => (isFull ? text : truncate(text, width));
  const condition = (text: string): string => (isFull ? text : truncate(text, conditionWidth));
  const list = (members: readonly string[], sign = ""): string => {
    const shown = members.map((member) => `${sign}${member === "*" ? "all" : short(member)}`);
    return isFull ? shown.join(", ") : shortenList(shown, mostMembers);
  };
  const texts = { short, condition, list };
  const setting = path.at(-1)?.kind === "setting" ? `${path.at(-1)?.name}.` : "";
  const nameOf = (field: string): string =>
    field.startsWith(setting) ? shortName(field.slice(setting.length)) : field;
  if (change === "changed")
    return fields.map((field) => `${nameOf(field.field)} ${differenceText(field, texts)}`);
  return fields
    .filter(({ field }) => isFull || essential.test(field))
    .filter(({ field }) => field !== "permission.columns" || !attention.includes("all-columns"))
    .flatMap((field) => {
      const text = onlyText(field, texts);
      return text === "" ? [] : [`${nameOf(field.field)} ${text}`];
    });
}

interface Texts {
  readonly short: (text: string) => string;
  readonly condition: (text: string) => string;
  readonly list: (members: readonly string[], sign?: string) => string;
}

/** The value of an added or removed object; empty for a condition that always holds. */
function onlyText(field: MetadataFieldChange, { short, condition, list }: Texts): string {
  const { added = [], removed = [], kept, isSecret } = field;
  if (isSecret) return "(secret)";
  const members = [...added, ...removed];
  if (kept !== undefined) return members.length === 0 ? "" : condition(members.join(" and "));
  return members.length > 0 ? list(members) : short(field.to ?? field.from ?? "none");
}

function secretDifference({ onlyIn }: Pick<MetadataFieldChange, "onlyIn">): string {
  if (onlyIn === undefined) return "differs";
  return onlyIn === "project" ? "is added" : "is removed";
}

function differenceText(
  { added = [], removed = [], kept, ...field }: MetadataFieldChange,
  { short, condition, list }: Texts,
): string {
  if (field.isSecret) return `${secretDifference(field)} (secret)`;
  const joined = (parts: readonly string[]): string => condition(parts.join(" and ") || "none");
  if (kept === 0) return `${joined(removed)} → ${joined(added)}`;
  if (kept !== undefined)
    return [
      ...added.map((part) => `+ ${condition(part)}`),
      ...removed.map((part) => `- ${condition(part)}`),
    ].join(", ");
  if (added.length + removed.length === 0)
    return `${short(field.from ?? "not set")} → ${short(field.to ?? "not set")}`;
  if ([...added, ...removed].includes("*"))
    return `${list(removed) || "none"} → ${list(added) || "none"}`;
  return [list(added, "+"), list(removed, "-")].filter((part) => part !== "").join(", ");
}
