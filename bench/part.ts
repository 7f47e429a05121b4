import type { Line } from "./table.ts";

/** What a part of the benchmark may use. */
export interface Bench {
  /** A superuser's address of the one server that all parts share; its durability settings are the defaults. */
  readonly serverUrl: string;
  /** An empty directory, removed afterwards. */
  readonly scratch: string;
}

/** Measures one subject, and returns its lines of the report. */
export type Part = (bench: Bench) => Promise<Line[]>;
