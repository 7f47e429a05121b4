/** The part of an address that lets somebody post to it: path and query, if they are too long to be found in ordinary text. */
export function secretPartOf(address: string): string {
  if (!URL.canParse(address)) return address;
  const { pathname, search } = new URL(address);
  const rest = `${pathname}${search}`;
  return rest.length >= shortestPath ? rest : address;
}

const shortestPath = 16;
