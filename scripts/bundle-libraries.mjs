import { readFileSync } from "node:fs";
import { join } from "node:path";

/*
 * esbuild plugins that leave out what no bundled program reaches in the libraries. The build fails when an update of a library
 * has moved that part.
 */

/**
 * Replaces parts of a library's files.
 * @param {string} name
 * @param {string} library the beginning of its packages' names
 * @param {RegExp} files
 * @param {readonly (readonly [RegExp, string])[]} parts each of which must be there, and its replacement
 * @returns {import("esbuild").Plugin}
 */
function replacing(name, library, files, parts) {
  return {
    name,
    setup(build) {
      build.onEnd(({ metafile }) => {
        const paths = Object.keys(metafile?.inputs ?? {}).map((path) => `/${path}`);
        if (!paths.some((path) => path.includes(`/node_modules/${library}`))) return undefined;
        if (paths.some((path) => files.test(path))) return undefined;
        return { errors: [{ text: `${library} has no file ${String(files)}: update ${name}` }] };
      });
      build.onLoad({ filter: files }, ({ path }) => {
        const text = readFileSync(path, "utf8");
        const missing = parts.find(([part]) => text.search(part) === -1);
        if (missing !== undefined)
          return { errors: [{ text: `${path} has no ${String(missing[0])}: update ${name}` }] };
        const contents = parts.reduce((left, [part, put]) => left.replace(part, put), text);
        return { contents, loader: "js" };
      });
    },
  };
}

/**
 * The SDK's clients hold a class and a schema for each error of their service, 150 for SSM. For an error that is not registered, the
 * SDK throws the service's exception with the same name, message, status and fields.
 */
const sdkErrors = replacing(
  "sdk-errors",
  "@aws-sdk/client-",
  /@aws-sdk[\\/](client-[\w-]+[\\/]dist-es|nested-clients[\\/]dist-es[\\/]submodules[\\/](sts|sso|sso-oidc|signin))[\\/]schemas[\\/]schemas_0\.js$/,
  [[/^n0_registry\.registerError\(.*\);$/gm, ""]],
);

/**
 * The SDK's clients read nothing but the version from their package.json.
 * @type {import("esbuild").Plugin}
 */
const sdkVersion = {
  name: "sdk-version",
  setup(build) {
    build.onLoad({ filter: /@aws-sdk[\\/][\w-]+[\\/]package\.json$/ }, ({ path }) => {
      const { version } = JSON.parse(readFileSync(path, "utf8"));
      return { contents: JSON.stringify({ version }), loader: "json" };
    });
  },
};

/** zod's conversion to JSON Schema, which only the build uses. */
const zodJsonSchema = replacing(
  "zod-json-schema",
  "zod/",
  /zod[\\/]v4[\\/]classic[\\/]schemas\.js$/,
  [
    [/^ *inst\._zod\.processJSONSchema = .*;$/gm, ""],
    [/^ *(input|output): createStandardJSONSchemaMethod\(.*\),$/gm, ""],
    [
      /return createToJSONSchemaMethod\(.*\);/,
      'throw new Error("JSON Schema is not in the bundle");',
    ],
  ],
);

/** pg's binding to PostgreSQL's client library, which is a package of its own. */
const nativePg = replacing("native-pg", "pg/", /[\\/]node_modules[\\/]pg[\\/]lib[\\/]index\.js$/, [
  [/require\('\.\/native'\)/g, "undefined"],
]);

/**
 * yaml as ES modules, of which only the used parts are bundled. They are published for browsers, and differ from those for Node in how
 * they warn and in the class of a `!!binary` value, which no file of a project has.
 * @type {import("esbuild").Plugin}
 */
const yamlModules = {
  name: "yaml-modules",
  setup(build) {
    const root = build.initialOptions.absWorkingDir ?? "";
    build.onResolve({ filter: /^yaml$/ }, () => ({
      path: join(root, "node_modules/yaml/browser/dist/index.js"),
      sideEffects: false,
    }));
  },
};

/** yaml's warnings, as its modules for Node emit them. */
const yamlWarnings = replacing("yaml-warnings", "yaml/", /yaml[\\/]browser[\\/]dist[\\/]log\.js$/, [
  [/console\.warn\(/g, "process.emitWarning("],
]);

/** yaml's schemas and tags for YAML 1.1 and JSON: metadata is read without types, and everything else as YAML 1.2. */
const yamlSchemas = replacing(
  "yaml-schemas",
  "yaml/",
  /yaml[\\/]browser[\\/]dist[\\/]schema[\\/]tags\.js$/,
  [
    [/^import .* from '\.\/(json\/schema|yaml-1\.1\/(?!merge).*)\.js';$/gm, ""],
    [/^ +\['(json|yaml11|yaml-1\.1)', .*$/gm, ""],
    [/^const tagsByName = \{[^}]*\};$/m, "const tagsByName = {};"],
    [/^const coreKnownTags = \{[^}]*\};$/m, "const coreKnownTags = {};"],
  ],
);

/**
 * yaml's code that makes and writes YAML, which no program uses: files are changed as texts. Only a key of config.yaml that is a list or
 * a map gets there.
 * @type {import("esbuild").Plugin}
 */
const yamlWriter = {
  name: "yaml-writer",
  setup(build) {
    const filter =
      /yaml[\\/]browser[\\/]dist[\\/](stringify[\\/]\w+|doc[\\/](createNode|applyReviver)|parse[\\/]cst-\w+)\.js$/;
    build.onLoad({ filter }, ({ path }) => {
      const [, exported = ""] = /^export \{ (.*) \};$/m.exec(readFileSync(path, "utf8")) ?? [];
      if (exported === "")
        return { errors: [{ text: `${path} exports nothing: update yaml-writer` }] };
      const unused = '() => { throw new Error("A key has to be a text"); }';
      const names = exported.split(", ");
      const contents = names.map((name) => `export const ${name} = ${unused};`).join("\n");
      return { contents, loader: "js" };
    });
  },
};

/** graphql's texts for values that are no text, which only a wrong call would need. */
const graphqlInspect = replacing(
  "graphql-inspect",
  "graphql/",
  /graphql[\\/]jsutils[\\/]inspect\.mjs$/,
  [[/^[^]*$/, "export const inspect = String;"]],
);

/** pg's reading of certificates for channel binding, which no connection asks for. */
const pgCertificates = replacing(
  "pg-certificates",
  "pg/",
  /[\\/]pg[\\/]lib[\\/]crypto[\\/]cert-signatures\.js$/,
  [[/^[^]*$/, "module.exports = {};"]],
);

export const usedLibraries = [
  sdkErrors,
  sdkVersion,
  zodJsonSchema,
  nativePg,
  yamlModules,
  yamlWarnings,
  yamlSchemas,
  yamlWriter,
  graphqlInspect,
  pgCertificates,
];
