import eslint from "@eslint/js";
import comments from "@eslint-community/eslint-plugin-eslint-comments/configs";
import { defineConfig, globalIgnores } from "eslint/config";
import tseslint from "typescript-eslint";

export default defineConfig(
  globalIgnores(["dist/", "build/", "node_modules/", "reports/", ".stryker-tmp/"]),
  eslint.configs.recommended,
  tseslint.configs.strictTypeChecked,
  comments.recommended,
  {
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/consistent-type-definitions": ["error", "interface"],
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      // Numbers and booleans read well in a template; what is forbidden is an object or undefined in one.
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true },
      ],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      // An interface may ask for a promise that one implementation has no need to wait for.
      "@typescript-eslint/require-await": "off",
      "@eslint-community/eslint-comments/require-description": "error",
      "@eslint-community/eslint-comments/disable-enable-pair": ["error", { allowWholeFile: true }],
      // The compiler knows better which names exist.
      "no-undef": "off",
      eqeqeq: "error",
      // A function does one thing and fits a screen.
      complexity: ["error", 12],
      "max-lines-per-function": ["error", { max: 60, skipBlankLines: true, skipComments: true }],
      "no-restricted-syntax": [
        "error",
        {
          selector: "ExportDefaultDeclaration",
          message: "Give it a name: default exports are not used here.",
        },
      ],
    },
  },
  {
    // A describe block is as long as its tests.
    files: ["test/**"],
    rules: { "max-lines-per-function": "off" },
  },
  {
    // ESLint, Vitest and Stryker load these by their default export.
    files: ["*.config.{mjs,ts}"],
    rules: { "no-restricted-syntax": "off" },
  },
  {
    // Plain JavaScript that reads JSON and calls Node; its types are checked from the comments, not as strictly.
    files: [
      "scripts/**/*.mjs",
      "src/cli/output/matrix/html/browser/*.js",
      "{action,docker/deployment,test/docker/support}/*.mjs",
      "*.config.mjs",
    ],
    rules: {
      "@typescript-eslint/no-unsafe-argument": "off",
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-call": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
      "@typescript-eslint/no-unsafe-return": "off",
    },
  },
);
