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

/** Two pages of one bundle's parts: the report as a single file (`--mode report`), and the workbench in chunks. */
export default defineConfig(({ mode }) => {
  const report = mode === "report";
  return {
    plugins: [react(), ...(report ? [viteSingleFile(), goldenPayload] : [])],
    build: {
      rollupOptions: { input: report ? "report.html" : "index.html" },
      emptyOutDir: report,
      target: "es2022",
      chunkSizeWarningLimit: 1000,
    },
    server: { proxy: { "/api": "http://127.0.0.1:8321" } },
    test: {
      environment: "happy-dom",
      setupFiles: ["src/test/setup.ts"],
      include: ["src/**/*.test.{ts,tsx}"],
      isolate: false, // a document for each file takes most of the time, and no test keeps anything in it
    },
  };
});
