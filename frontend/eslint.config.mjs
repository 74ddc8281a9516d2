import next from "eslint-config-next/core-web-vitals";
import tseslint from "typescript-eslint";

const typed = { files: ["**/*.ts", "**/*.tsx"] };
const router = {
  group: ["next/router", "next/link", "next/head"],
  message: "Only pages/ and src/routing/ know the router; screens import @/routing.",
};
const baseUi = {
  group: ["@base-ui/react", "@base-ui/react/*"],
  message: "Only src/ui/ knows Base UI; screens import @/ui.",
};

export default tseslint.config(
  { ignores: [".next/", "out/", "src/api/schema.d.ts", "next-env.d.ts", "test-results/"] },
  ...next,
  {
    ...typed,
    extends: tseslint.configs.strictTypeChecked,
    languageOptions: { parserOptions: { projectService: true } },
  },
  {
    ...typed,
    rules: {
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "no-restricted-imports": ["error", { patterns: [router, baseUi] }],
      "no-restricted-syntax": [
        "error",
        {
          // A style in the exported HTML is refused by style-src 'self'; positions are set by a ref instead.
          selector: "JSXAttribute[name.name='style']",
          message: "Use a class; set what is computed by a ref.",
        },
      ],
      "max-lines": ["error", 400],
    },
  },
  { files: ["pages/**", "src/routing/**"], rules: { "no-restricted-imports": ["error", { patterns: [baseUi] }] } },
  { files: ["src/ui/**", "src/shell/App.tsx"], rules: { "no-restricted-imports": ["error", { patterns: [router] }] } },
);
