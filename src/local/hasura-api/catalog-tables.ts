/*
 * The tables that a server of version 2.48 (catalog version 48, source catalog version 4) has in `hdb_catalog`. Migrations
 * may refer to them, so that names, types, keys and indexes are the server's (src-rsr/initialise.sql).
 */
const uuidFunction = `create or replace function hdb_catalog.gen_hasura_uuid() returns uuid language sql as 'select gen_random_uuid()';`;

/**
 * Installs pgcrypto in a database without `hdb_catalog`, as a server does when it connects one; dumps of such databases call
 * `public.gen_random_uuid()`. Skipped where a server would refuse the database: if the extension or the permission is missing.
 */
export const extensionOfNewDatabase = `DO $do$
BEGIN
  IF EXISTS (SELECT FROM pg_catalog.pg_available_extensions WHERE name OPERATOR(pg_catalog.=) 'pgcrypto'::pg_catalog.name) THEN
    CREATE EXTENSION IF NOT EXISTS pgcrypto SCHEMA public;
  END IF;
EXCEPTION WHEN insufficient_privilege OR invalid_schema_name THEN
  NULL;
END $do$;`;

const eventStatus =
  "constraint valid_status check (status in ('scheduled', 'locked', 'delivered', 'error', 'dead'))";
const textId = "id text primary key default hdb_catalog.gen_hasura_uuid()";

const invocationLog = (name: string, events: string, time = "timestamptz"): string => `
create table if not exists hdb_catalog.${name} (
  ${textId}, ${events === "" ? "trigger_name text, event_id text" : "event_id text"}, status integer, request json, response json,
  created_at ${time} default now()${
    events === ""
      ? ""
      : `,
  foreign key (event_id) references hdb_catalog.${events} (id) on update cascade on delete cascade`
  });`;

/** The tables of the metadata database. */
export const metadataTables = `${uuidFunction}
create table if not exists hdb_catalog.hdb_version (
  hasura_uuid uuid primary key default hdb_catalog.gen_hasura_uuid(),
  version text not null, upgraded_on timestamptz not null,
  cli_state jsonb not null default '{}', console_state jsonb not null default '{}',
  ee_client_id text, ee_client_secret text);
create unique index if not exists hdb_version_one_row on hdb_catalog.hdb_version ((version is not null));
create table if not exists hdb_catalog.hdb_metadata (
  id integer primary key, metadata json not null, resource_version integer not null default 1 unique);
create table if not exists hdb_catalog.hdb_action_log (
  id uuid primary key default hdb_catalog.gen_hasura_uuid(),
  action_name text, input_payload jsonb not null, request_headers jsonb not null, session_variables jsonb not null,
  response_payload jsonb, errors jsonb, created_at timestamptz not null default now(), response_received_at timestamptz,
  status text not null check (status in ('created', 'processing', 'completed', 'error')));
create table if not exists hdb_catalog.hdb_cron_events (
  ${textId}, trigger_name text not null, scheduled_time timestamptz not null, status text not null default 'scheduled',
  tries integer not null default 0, created_at timestamptz default now(), next_retry_at timestamptz, ${eventStatus});
create index if not exists hdb_cron_event_status on hdb_catalog.hdb_cron_events (status);
create unique index if not exists hdb_cron_events_unique_scheduled
  on hdb_catalog.hdb_cron_events (trigger_name, scheduled_time) where status = 'scheduled';
${invocationLog("hdb_cron_event_invocation_logs", "hdb_cron_events")}
create index if not exists hdb_cron_event_invocation_event_id on hdb_catalog.hdb_cron_event_invocation_logs (event_id);
create table if not exists hdb_catalog.hdb_scheduled_events (
  ${textId}, webhook_conf json not null, scheduled_time timestamptz not null, retry_conf json, payload json, header_conf json,
  status text not null default 'scheduled', tries integer not null default 0, created_at timestamptz default now(),
  next_retry_at timestamptz, comment text, ${eventStatus});
create index if not exists hdb_scheduled_event_status on hdb_catalog.hdb_scheduled_events (status);
${invocationLog("hdb_scheduled_event_invocation_logs", "hdb_scheduled_events")}
create table if not exists hdb_catalog.hdb_schema_notifications (
  id integer primary key check (id = 1), notification json not null, resource_version integer not null default 1,
  instance_id uuid not null, updated_at timestamptz default now());
insert into hdb_catalog.hdb_version (version, upgraded_on) values ('48', now()) on conflict do nothing;
`;

/** The tables of every Postgres source (src-rsr/init_pg_source.sql). */
export const sourceTables = `${uuidFunction}
create table if not exists hdb_catalog.hdb_source_catalog_version (version text not null, upgraded_on timestamptz not null);
create unique index if not exists hdb_source_catalog_version_one_row on hdb_catalog.hdb_source_catalog_version ((version is not null));
create table if not exists hdb_catalog.event_log (
  ${textId}, schema_name text not null, table_name text not null, trigger_name text not null, payload jsonb not null,
  delivered boolean not null default false, error boolean not null default false, tries integer not null default 0,
  created_at timestamp default now(), locked timestamptz, next_retry_at timestamp, archived boolean not null default false);
create index if not exists event_log_trigger_name_idx on hdb_catalog.event_log (trigger_name);
create index if not exists event_log_fetch_events on hdb_catalog.event_log (locked nulls first, next_retry_at nulls first, created_at)
  where delivered = 'f' and error = 'f' and archived = 'f';
${invocationLog("event_invocation_logs", "", "timestamp")}
create index if not exists event_invocation_logs_event_id_idx on hdb_catalog.event_invocation_logs (event_id);
create table if not exists hdb_catalog.hdb_event_log_cleanups (
  ${textId}, trigger_name text not null, scheduled_at timestamp not null,
  deleted_event_logs integer, deleted_event_invocation_logs integer,
  status text not null check (status in ('scheduled', 'paused', 'completed', 'dead')), unique (trigger_name, scheduled_at));
create or replace function hdb_catalog.insert_event_log(schema_name text, table_name text, trigger_name text, op text, row_data json)
returns text language plpgsql as $body$
declare
  event_id text := gen_random_uuid();
begin
  insert into hdb_catalog.event_log (id, schema_name, table_name, trigger_name, payload)
  values (event_id, schema_name, table_name, trigger_name, jsonb_build_object(
    'op', op, 'data', row_data,
    'session_variables', nullif(current_setting('hasura.user', true), '')::json,
    'trace_context', nullif(current_setting('hasura.tracecontext', true), '')::json));
  return event_id;
end $body$;
insert into hdb_catalog.hdb_source_catalog_version (version, upgraded_on) values ('4', now()) on conflict do nothing;
`;
