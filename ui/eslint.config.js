import js from "@eslint/js";
import prettier from "eslint-config-prettier";
import vue from "eslint-plugin-vue";
import ts from "typescript-eslint";

export default ts.config(
  { ignores: ["dist", "node_modules", "src/shared/bindings.ts"] },
  js.configs.recommended,
  ...ts.configs.recommended,
  ...vue.configs["flat/recommended"],
  { files: ["**/*.vue"], languageOptions: { parserOptions: { parser: ts.parser } } },
  {
    rules: {
      // The compiler knows the globals of a window better than a list does.
      "no-undef": "off",
      "vue/no-v-html": "error",
      "vue/multi-word-component-names": "off",
      "vue/no-static-inline-styles": "error",
      "no-console": "error",
    },
  },
  {
    files: ["src/**"],
    ignores: ["src/desk/ipc.ts"],
    rules: {
      "no-restricted-imports": [
        "error",
        { patterns: [{ group: ["@tauri-apps/*"], message: "Only ipc.ts talks to the shell." }] },
      ],
    },
  },
  prettier,
);
