/** Files that are embedded as text: by a plugin of the bundler (scripts/bundle-plugins.mjs), by Vite in tests. */
declare module "*?raw" {
  const text: string;
  // eslint-disable-next-line no-restricted-syntax -- both export text as the default export
  export default text;
}
