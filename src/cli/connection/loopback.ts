const loopbackHost = /^(?:127(?:\.\d{1,3}){3}|localhost|\[::1\])$/;

/** True for an address whose host is this machine, whatever its scheme. */
export function isLoopbackHost({ hostname }: Pick<URL, "hostname">): boolean {
  return loopbackHost.test(hostname);
}

/** True for a service on this machine, which has no AWS account and no logs in CloudWatch. */
export function isLoopback(url: string | undefined): boolean {
  if (url === undefined || !URL.canParse(url)) return false;
  const parsed = new URL(url);
  const { protocol, username, password } = parsed;
  return protocol === "http:" && username === "" && password === "" && isLoopbackHost(parsed);
}
