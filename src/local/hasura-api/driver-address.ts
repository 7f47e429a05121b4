/**
 * The address of a database as the driver takes it. The driver verifies the server's certificate for these modes as for
 * verify-full, but prints a warning about them, which is for its own developers.
 */
export function driverAddress(url: string): string {
  if (/[?&]uselibpqcompat=true(?=&|$)/.test(url)) return url;
  return url.replace(/([?&]sslmode=)(?:prefer|require|verify-ca)(?=&|$)/, "$1verify-full");
}
