/**
 * What is wrong with the address of a webhook, as the end of a sentence that begins with its variable; never with the address.
 * Undefined for one that can be used: https, or http on this machine.
 */
export function webhookProblem(address: string): string | undefined {
  if (!URL.canParse(address)) return "must be an https:// URL";
  const { protocol, hostname, username, password } = new URL(address);
  if (username !== "" || password !== "") return "must not contain a user name or password";
  if (protocol === "https:" || (protocol === "http:" && isLoopback(hostname))) return undefined;
  return "must be an https:// URL";
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/** The part of an address that lets somebody post to it: path and query, if they are too long to be found in ordinary text. */
export function secretPartOf(address: string): string {
  if (!URL.canParse(address)) return address;
  const { pathname, search } = new URL(address);
  const rest = `${pathname}${search}`;
  return rest.length >= shortestPath ? rest : address;
}

const shortestPath = 16;
