/*
 * Functions that can do more than read this database even in a read-only transaction, or that run SQL which the parser sees only as text.
 * They are refused by name, in any schema, before anything is sent. The database then refuses every other function that is
 * declared VOLATILE (check-sql.ts), so that this list need not be complete.
 */

const names: ReadonlySet<string> = new Set([
  // Settings of the session, which belongs to a pool.
  "set_config",
  "setseed",
  // Sequences.
  "nextval",
  "setval",
  // Functions that run SQL given as text.
  "ts_stat",
  "ts_rewrite",
  "connectby",
  "xpath_table",
  // Other sessions, and the server.
  "pg_notify",
  "pg_terminate_backend",
  "pg_cancel_backend",
  "pg_reload_conf",
  "pg_rotate_logfile",
  "pg_promote",
  "pg_switch_wal",
  "pg_export_snapshot",
  "pg_stat_file",
  "pg_hba_file_rules",
  "pg_prewarm",
  // Connections of Hasura's pool.
  "pg_sleep",
  "pg_sleep_for",
  "pg_sleep_until",
  // Large objects.
  "loread",
  "lowrite",
]);

const patterns: readonly RegExp[] = [
  /^dblink/,
  // query_to_xml, table_to_xmlschema, cursor_to_xml_and_xmlschema …
  /_to_xml(schema|_and_xmlschema)?$/,
  /^crosstab/,
  /^lo_/,
  /^pg_(try_)?advisory_/,
  /^pg_(read|ls|file|logical|replication|wal_replay|create|drop|copy|sync|backup|start|stop|log|stat_reset|stat_clear|stat_force|stat_statements_reset|import|restore|clear|set_attribute|set_relation|set_table)(_|$)/,
  /^binary_upgrade_/,
  /^(run_command_on|master|worker|citus)_/,
  /^http(_|$)/,
];

/** True for a function that `sql` never calls; `name` without its schema, as the parser folds it. */
export function isRefusedFunction(name: string): boolean {
  return names.has(name) || patterns.some((pattern) => pattern.test(name));
}

/** Functions of PostgreSQL and its extensions that are declared VOLATILE because each call returns a different value, and that change nothing. */
export const harmlessVolatile: readonly string[] = [
  "random",
  "random_normal",
  "clock_timestamp",
  "timeofday",
  "gen_random_uuid",
  "gen_random_bytes",
  "gen_salt",
  "uuid_generate_v1",
  "uuid_generate_v1mc",
  "uuid_generate_v4",
  "uuidv4",
  "uuidv7",
  "currval",
  "lastval",
  "pg_blocking_pids",
  "pg_safe_snapshot_blocking_pids",
  "pg_is_in_recovery",
  "pg_relation_size",
  "pg_table_size",
  "pg_indexes_size",
  "pg_total_relation_size",
  "pg_database_size",
  "pg_tablespace_size",
  "pg_size_pretty",
  "pg_partition_tree",
  "pg_partition_ancestors",
  "pg_current_wal_lsn",
  "pg_current_wal_insert_lsn",
  "pg_current_wal_flush_lsn",
  "pg_last_wal_receive_lsn",
  "pg_last_wal_replay_lsn",
  "pg_last_xact_replay_timestamp",
  "pg_lock_status",
  "pg_prepared_xact",
  "pg_stat_statements",
  "pg_stat_statements_info",
  "pg_notification_queue_usage",
  "pg_available_extension_versions",
  "pg_xact_commit_timestamp",
  "pg_last_committed_xact",
];
