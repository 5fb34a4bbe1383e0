import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// `start_frontend.sh` serves the page on 3005 and passes /api on; the built page is served by the API itself.
const api = process.env.MOMENTS_API ?? "http://127.0.0.1:7005";
const proxy = Object.fromEntries(["/api", "/health", "/ready"].map((path) => [path, { target: api, changeOrigin: true }]));

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  server: { port: 3005, strictPort: true, proxy },
  preview: { port: 3005, strictPort: true, proxy },
  build: { target: "es2022", sourcemap: false, chunkSizeWarningLimit: 400 },
  // The limit of time is a watchdog: on a busy machine a test of a few clicks takes more than the five seconds that vitest gives it by itself.
  test: { environment: "jsdom", include: ["src/**/*.test.{ts,tsx}"], restoreMocks: true, setupFiles: ["./vitest.setup.ts"], testTimeout: 300_000, hookTimeout: 300_000 },
});
