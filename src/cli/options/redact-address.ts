/** An address without its password and its query, either of which can hold a secret; anything else as it is. */
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
  // A password with an unescaped "/", "?" or "#" is cut there, and the rest of it is taken for a path.
  if (`${url.pathname}${search}${hash}`.includes("@")) return "URL";
  if (password === "" && search === "" && hash === "") return address;
  if (password !== "") url.password = "PASSWORD";
  url.search = search === "" ? "" : "QUERY";
  url.hash = "";
  return url.href;
}
