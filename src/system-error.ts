/** The code of an error that Node reports for a failed system call, such as `ENOENT`; undefined for any other value. */
export function systemErrorCode(thrown: unknown): string | undefined {
  return thrown instanceof Error && "code" in thrown && typeof thrown.code === "string"
    ? thrown.code
    : undefined;
}
