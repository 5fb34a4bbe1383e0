import js from "@eslint/js";
import { createNodeResolver, importX } from "eslint-plugin-import-x";
import a11y from "eslint-plugin-jsx-a11y";
import hooks from "eslint-plugin-react-hooks";
import globals from "globals";
import ts from "typescript-eslint";

export default ts.config(
  { ignores: ["dist", "src/api/generated"] },
  js.configs.recommended,
  ...ts.configs.strictTypeChecked,
  ...ts.configs.stylisticTypeChecked,
  a11y.flatConfigs.recommended,
  hooks.configs.flat["recommended-latest"],
  {
    languageOptions: {
      globals: globals.browser,
      parserOptions: { projectService: { allowDefaultProject: ["eslint.config.js"] }, tsconfigRootDir: import.meta.dirname },
    },
    plugins: { "import-x": importX },
    settings: {
      "import-x/extensions": [".ts", ".tsx"],
      "import-x/resolver-next": [createNodeResolver({ extensions: [".ts", ".tsx", ".js"], tsconfig: { configFile: `${import.meta.dirname}/tsconfig.json` } })],
    },
    rules: {
      // Modules that import each other are one module. Type-only imports vanish and may go round.
      "import-x/no-cycle": ["error", { ignoreExternal: true }],
      "react-hooks/exhaustive-deps": "error",
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      // React's handlers are void; what they start reports its own errors.
      "@typescript-eslint/no-misused-promises": ["error", { checksVoidReturn: { attributes: false } }],
      // A dialog that opens at a person's wish moves the focus into itself.
      "jsx-a11y/no-autofocus": "off",
      "max-lines": ["error", { max: 300, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: ["src/**"],
    ignores: ["src/api/action.ts"],
    rules: {
      "no-restricted-syntax": [
        "error",
        // `useAction` says why.
        { selector: "ImportSpecifier[imported.name='useMutation']", message: "Use useAction of src/api/action.ts." },
        { selector: "Property[key.name='queryKey'] > ArrayExpression", message: "Keys of queries are made in src/api/queryKeys.ts." },
      ],
    },
  },
  // One noun knows nothing of another: what they share lies in components, hooks, lib.
  ...["home", "library", "detail", "pipelines", "settings"].map((feature) => ({
    files: [`src/features/${feature}/**`],
    rules: {
      "no-restricted-imports": ["error", { patterns: [{ regex: `^@/features/(?!${feature}(/|$))`, message: "Features don't import each other." }, { group: ["@/app/*"] }] }],
    },
  })),
  { files: ["eslint.config.js"], extends: [ts.configs.disableTypeChecked] },
);
