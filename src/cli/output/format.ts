/** Milliseconds as `41 ms`, `1.2 s`, `1m 12s`, `1h 02m`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m ${String(seconds % 60).padStart(2, "0")}s`;
  return `${Math.floor(minutes / 60)}h ${String(minutes % 60).padStart(2, "0")}m`;
}

/** `41ms`, `12s`: without a space, for log lines that are split into words. */
export function seconds(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)}ms` : `${Math.round(ms / 1000)}s`;
}

/** `2 days old`, from an instant in ISO 8601; undefined if it cannot be parsed. */
export function age(builtAt: string, now: number): string | undefined {
  const minutes = Math.floor((now - Date.parse(builtAt)) / 60_000);
  if (Number.isNaN(minutes)) return undefined;
  if (minutes < 1) return "just built";
  if (minutes < 120) return `${plural(minutes, "minute")} old`;
  if (minutes < 48 * 60) return `${plural(Math.floor(minutes / 60), "hour")} old`;
  return `${plural(Math.floor(minutes / 1440), "day")} old`;
}

/** `3 days ago`, from an instant in ISO 8601; undefined if it cannot be parsed. */
export function timeAgo(instant: string, now: number): string | undefined {
  const minutes = Math.floor((now - Date.parse(instant)) / 60_000);
  if (Number.isNaN(minutes)) return undefined;
  if (minutes < 1) return "just now";
  if (minutes < 120) return `${plural(minutes, "minute")} ago`;
  if (minutes < 48 * 60) return `${plural(Math.floor(minutes / 60), "hour")} ago`;
  return `${plural(Math.floor(minutes / 1440), "day")} ago`;
}

/** `2026-11-24 13:04`, in the time zone of this machine; an instant that cannot be parsed stays as it is. */
export function localTime(instant: string): string {
  const date = new Date(instant);
  if (Number.isNaN(date.getTime())) return instant;
  const two = (number: number): string => String(number).padStart(2, "0");
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join("-");
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** The same with seconds and the difference to UTC: `2026-11-24 13:04:11 +01:00`. */
export function exactLocalTime(instant: string): string {
  const date = new Date(instant);
  if (Number.isNaN(date.getTime())) return instant;
  const two = (number: number): string => String(number).padStart(2, "0");
  const east = -date.getTimezoneOffset();
  const zone = `${east < 0 ? "-" : "+"}${two(Math.floor(Math.abs(east) / 60))}:${two(Math.abs(east) % 60)}`;
  return `${localTime(instant)}:${two(date.getSeconds())} ${zone}`;
}

/** `1 file`, `2 files`. */
export function plural(count: number, noun: string, many = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : many}`;
}

/** `1111…3333`: an account id that people recognise, not printed in full. */
export function shortAccount(account: string): string {
  return `${account.slice(0, 4)}…${account.slice(-4)}`;
}

/** `12:04:11`: the time of day in UTC, as in CI logs. `now` is in epoch milliseconds. */
export function clock(now: number): string {
  return new Date(now).toISOString().slice(11, 19);
}
