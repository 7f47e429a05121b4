/** Reads directories, each once for all environments of a command, when it is first needed. */
export function oncePerDirectory<T>(
  read: (root: string) => Promise<T>,
): (root: string) => () => Promise<T> {
  const known = new Map<string, Promise<T>>();
  return (root) => () => {
    const reading = known.get(root) ?? read(root);
    known.set(root, reading);
    return reading;
  };
}
