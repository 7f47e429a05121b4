/** SQL files are embedded as text: by esbuild's `text` loader in bundles, by a loader of the test runner otherwise. */
declare module "*.sql" {
  const text: string;
  // eslint-disable-next-line no-restricted-syntax -- esbuild exports text as the default export
  export default text;
}
