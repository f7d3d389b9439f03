import { fileURLToPath, URL } from "node:url";
import VueI18nPlugin from "@intlify/unplugin-vue-i18n/vite";
import tailwindcss from "@tailwindcss/vite";
import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vitest/config";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

export default defineConfig({
  plugins: [
    vue(),
    tailwindcss(),
    // The window's policy forbids eval, so the texts are compiled here and not in the window.
    VueI18nPlugin({
      include: [path("./src/shared/locales/**")],
      runtimeOnly: true,
      compositionOnly: true,
      fullInstall: false,
      dropMessageCompiler: true,
    }),
  ],
  resolve: { alias: { "@": path("./src") } },
  // Components are written with <script setup>, and nobody looks at a shop's window with devtools.
  define: { __VUE_OPTIONS_API__: false, __VUE_PROD_DEVTOOLS__: false },
  clearScreen: false,
  server: { port: 1420, strictPort: true },
  build: {
    outDir: "dist",
    target: ["es2022", "safari16.4", "chrome111"],
    // A file written into the page as data: would be refused by the policy.
    assetsInlineLimit: 0,
  },
  // Patient: reading all components for the first time takes a busy machine longer than any test.
  test: { environment: "happy-dom", include: ["tests/**/*.test.ts"], testTimeout: 60_000 },
});
