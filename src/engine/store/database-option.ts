/**
 * What a suggested command needs behind it to mean this database: nothing for the one that is meant
 * anyway.
 */
export function databaseOption(database: string): string {
  return database === "default" ? "" : ` --database ${database}`;
}
