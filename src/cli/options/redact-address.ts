/** An address without its password and its query, either of which can hold a secret; anything else unchanged. */
export function withoutSecrets(word: string): string {
  const [, prefix = "", address = ""] = addressIn.exec(word) ?? [];
  return address === "" ? word : `${prefix}${redactAddress(address)}`;
}

const addressIn = /^(--[a-z-]+=)?([a-z][a-z0-9+.-]*:\/\/.*)$/is;

/** The same for what should be an address: `URL` where it cannot be parsed safely. */
export function redactAddress(address: string): string {
  if (!URL.canParse(address)) return "URL";
  const url = new URL(address);
  const { password, search, hash } = url;
  if (isLoginCut(url)) return "URL";
  if (password === "" && search === "" && hash === "") return address;
  if (password !== "") url.password = "PASSWORD";
  url.search = search === "" ? "" : "QUERY";
  url.hash = "";
  return url.href;
}

/** True where an unescaped "/", "?" or "#" has cut a login: the rest of it, up to the "@", counts as path or query. */
export function isLoginCut({ pathname, search, hash }: URL): boolean {
  return `${pathname}${search}${hash}`.includes("@");
}

/** True if the login in an address, if there is one, is percent-encoded: whole, and without a "%" that encodes nothing. */
export function isLoginEncoded(url: URL): boolean {
  if (isLoginCut(url)) return false;
  try {
    decodeURIComponent(`${url.username}:${url.password}`);
    return true;
  } catch {
    return false;
  }
}
