import { readFileSync } from "node:fs";
import react from "@vitejs/plugin-react";
import { viteSingleFile } from "vite-plugin-singlefile";
import { defineConfig } from "vitest/config";

const golden = new URL("../tests/golden/report_payload.json", import.meta.url);

/** While developing, the page shows the golden payload; the built page is left empty for the report to fill. */
const goldenPayload = {
  name: "golden-payload",
  apply: "serve" as const,
  transformIndexHtml: (html: string) =>
    html.replace(
      'id="exitbrain-data">',
      () => `id="exitbrain-data">${readFileSync(golden, "utf8").replaceAll("<", "\\u003c")}`,
    ),
};

export default defineConfig({
  plugins: [react(), viteSingleFile(), goldenPayload],
  build: { rollupOptions: { input: "report.html" }, target: "es2022", chunkSizeWarningLimit: 1000 },
  test: { environment: "happy-dom", setupFiles: ["src/test/setup.ts"], include: ["src/**/*.test.{ts,tsx}"] },
});
