import { isJsonList, isJsonMap, type Json, type JsonList, type JsonMap } from "../document/json.ts";
import type { Attention, FieldChange } from "./change.ts";
import { isKeptBy } from "./condition-form.ts";
import { conjuncts } from "./condition-text.ts";
import { isPermission, type ObjectKind } from "../document/object-lists.ts";
import { isSame } from "./same-value.ts";

/** An object's own normalised part before and after; undefined where it does not exist. */
export interface Versions {
  readonly before: JsonMap | undefined;
  readonly after: JsonMap | undefined;
  readonly fields: readonly FieldChange[];
  /** True if the object that contains it is added in the same change. */
  readonly isInside: boolean;
}

/** Why a change should be reviewed; empty for a change that only removes some rights. */
export function attentionFor(kind: ObjectKind, versions: Versions): Attention[] {
  if (versions.after === undefined) return removed(kind, versions);
  const secrets = versions.before && versions.fields.some(({ isSecret }) => isSecret);
  return [...changed(kind, versions), ...(secrets ? (["secret-value"] as const) : [])];
}

function changed(kind: ObjectKind, versions: Versions): Attention[] {
  if (isPermission(kind)) return permission(kind, versions);
  if (kind === "setting") return settings(versions);
  if (kind === "inherited role") return inheritedRole(versions);
  if (versions.before === undefined) return [];
  return [
    ...(kind === "source" ? source(versions) : requests(versions)),
    ...(versions.fields.some(({ field }) => namesInApi.test(field)) ? otherNames : []),
  ];
}

const otherNames: readonly Attention[] = ["other-names"];

/** Fields with names, or parts of names, that API clients use. */
const namesInApi =
  /^(url$|(definition\.)?customization\.|configuration\.(custom_name$|custom_root_fields\.(?!.*\.comment$)|column_config\..*\.custom_name$))/;

/** Kinds of objects whose names API clients use. */
const inApi =
  / relationship$|^(computed field|action|native query|(enum|input|object|scalar) type)$/;

/** Why the new name of an object should be reviewed. */
export function attentionForName(kind: ObjectKind): readonly Attention[] {
  if (kind === "event trigger") return ["undelivered-events"];
  return inApi.test(kind) ? otherNames : [];
}

function inheritedRole(versions: Versions): Attention[] {
  if (versions.before === undefined) return ["new-role"];
  return hasMore(versions, "role_set") ? ["more-roles"] : [];
}

const removals: Readonly<Partial<Record<ObjectKind, Attention>>> = {
  ...{ source: "removed", table: "removed", function: "removed", action: "removed" },
  ...{ "native query": "removed", "stored procedure": "removed", "remote schema": "removed" },
  ...{ "object relationship": "removed", "array relationship": "removed" },
  ...{ "remote relationship": "removed", "computed field": "removed" },
  ...{
    "REST endpoint": "removed",
    "allow list entry": "removed",
    "inherited role": "removed-permission",
  },
  ...{ "event trigger": "removed-trigger", "cron trigger": "removed-trigger" },
};

function removed(kind: ObjectKind, versions: Versions): Attention[] {
  if (kind === "setting") return settings(versions);
  if (versions.isInside) return [];
  const attention = isPermission(kind) ? "removed-permission" : removals[kind];
  return attention === undefined ? [] : [attention];
}

/** Fields that say where Hasura sends requests. */
const addresses =
  /^(webhook|webhook_from_env|(definition\.)?request_transform\.url|definition\.(handler|url|url_from_env)|permission\.validate_input\.definition\.url|opentelemetry\.exporter_otlp\.otlp_\w+_endpoint|backend_configs\.dataconnector\..*\.uri)$/;

const forwarding = /(^|\.)definition\.forward_client_headers$/;

/** Of a trigger, an action or a remote schema, or what else Hasura sends requests for. */
function requests({ fields }: Pick<Versions, "fields">): Attention[] {
  const isForwarded = ({ field, to }: FieldChange): boolean =>
    forwarding.test(field) && to === "true";
  return [
    ...(fields.some(({ field }) => addresses.test(field)) ? (["other-address"] as const) : []),
    ...(fields.some(isForwarded) ? (["forwarded-headers"] as const) : []),
  ];
}

/** How connections are used, not where they lead. */
const poolSettings = /\.(pool_settings|use_prepared_statements)(\.|$)/;

function source({ fields }: Versions): Attention[] {
  const leadsElsewhere = ({ field }: FieldChange): boolean =>
    field === "kind" || (field.startsWith("configuration") && !poolSettings.test(field));
  return fields.some(leadsElsewhere) ? ["connection"] : [];
}

function permission(kind: ObjectKind, versions: Versions): Attention[] {
  const { before, after, isInside } = versions;
  const own = permissionOf(after);
  const found: Attention[] = [];
  if (before === undefined && !isInside) found.push("new-permission");
  if (before === undefined) return [...found, ...open(kind, own)];
  const old = permissionOf(before);
  return [
    ...weakerConditions(old, own),
    ...widened(old, own),
    ...requests({ fields: versions.fields.filter(({ to }) => to !== undefined) }),
    ...(kind === "remote schema permission" ? (["other-schema"] as const) : []),
  ];
}

function weakerConditions(old: JsonMap, own: JsonMap): Attention[] {
  return [
    ...weaker(old.filter, own.filter, "no-row-filter", "weaker-row-filter"),
    ...weaker(old.check, own.check, "no-check", "weaker-check"),
    ...(isJsonMap(old.validate_input) && !isJsonMap(own.validate_input)
      ? ["weaker-check" as const]
      : []),
  ];
}

function widened(old: JsonMap, own: JsonMap): Attention[] {
  const found: readonly (readonly [Attention, boolean])[] = [
    ["all-columns", own.columns === "*" && old.columns !== "*"],
    ["more-columns", hasMoreColumns(old.columns, own.columns)],
    ["more-computed-fields", hasMoreMembers(old.computed_fields, own.computed_fields)],
    ["fewer-presets", losesPreset(old.set, own.set)],
    ["aggregations", own.allow_aggregations === true && old.allow_aggregations !== true],
    ["not-only-backend", old.backend_only === true && own.backend_only !== true],
    ["more-root-fields", hasMoreRootFields(old, own)],
    ["higher-limit", isHigher(old.limit, own.limit)],
  ];
  return found.flatMap(([attention, isTrue]) => (isTrue ? [attention] : []));
}

const permissionOf = (own: JsonMap | undefined): JsonMap => {
  const permission = own?.permission;
  return isJsonMap(permission) ? permission : {};
};

/** What a new permission leaves open. */
function open(kind: ObjectKind, own: JsonMap): Attention[] {
  const isFiltered =
    kind === "select permission" || kind === "delete permission" || kind === "update permission";
  return [
    ...(isFiltered && isAlways(own.filter) ? (["no-row-filter"] as const) : []),
    ...(kind === "insert permission" && isAlways(own.check) ? (["no-check"] as const) : []),
    ...(own.columns === "*" && kind !== "insert permission" ? (["all-columns"] as const) : []),
  ];
}

const isAlways = (condition: Json | undefined): boolean =>
  !isJsonMap(condition) || conjuncts(condition).length === 0;

function weaker(
  old: Json | undefined,
  own: Json | undefined,
  none: Attention,
  less: Attention,
): Attention[] {
  if (isAlways(old)) return [];
  if (isAlways(own)) return [none];
  return isKeptBy(old ?? {}, own ?? {}) ? [] : [less];
}

const listOf = (value: Json | undefined): JsonList => (isJsonList(value) ? value : []);

function hasMoreColumns(old: Json | undefined, own: Json | undefined): boolean {
  return old !== "*" && hasMoreMembers(old, own);
}

function hasMoreMembers(old: Json | undefined, own: Json | undefined): boolean {
  return listOf(own).some((member) => !listOf(old).includes(member));
}

function losesPreset(old: Json | undefined, own: Json | undefined): boolean {
  if (!isJsonMap(old)) return false;
  return Object.keys(old).some((key) => !isJsonMap(own) || !Object.hasOwn(own, key));
}

function hasMoreRootFields(old: JsonMap, own: JsonMap): boolean {
  return ["query_root_fields", "subscription_root_fields"].some((key) => {
    const before = old[key];
    if (!isJsonList(before)) return false;
    const after = own[key];
    return !isJsonList(after) || after.some((field) => !before.includes(field));
  });
}

const isHigher = (old: Json | undefined, own: Json | undefined): boolean =>
  typeof old === "number" && (typeof own !== "number" || own > old);

function hasMore({ fields }: Versions, field: string): boolean {
  return fields.some((each) => each.field === field && (each.added?.length ?? 0) > 0);
}

function settings({ before, after, fields }: Versions): Attention[] {
  const found: Attention[] = [];
  if (
    fields.some(
      (each) => each.field.endsWith("disabled_for_roles") && (each.removed?.length ?? 0) > 0,
    )
  )
    found.push("introspection");
  if (isRaised(before?.api_limits, after?.api_limits)) found.push("higher-limit");
  if (trustsMore(before?.network, after?.network)) found.push("trusted-certificates");
  return [...found, ...requests({ fields: fields.filter(({ to }) => to !== undefined) })];
}

/** True if Hasura accepts certificates of hosts, or certificates, that it refused before. */
function trustsMore(old: Json | undefined, own: Json | undefined): boolean {
  const hosts = (network: Json | undefined): JsonList =>
    isJsonMap(network) ? listOf(network.tls_allowlist) : [];
  return hosts(own).some((host) => !hosts(old).some((each) => isSame(each, host)));
}

/** True if a limit of the API is raised or gone. */
function isRaised(old: Json | undefined, own: Json | undefined): boolean {
  if (typeof old === "number") return isHigher(old, own);
  if (!isJsonMap(old)) return false;
  const now = isJsonMap(own) ? own : {};
  if (old.disabled !== true && now.disabled === true) return true;
  return Object.keys(old).some((key) => isRaised(old[key], now[key]));
}
