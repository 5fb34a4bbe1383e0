import { createBrowserRouter } from "react-router";
import { Layout } from "./Layout";
import { Crash } from "./Crash";
import { NotFound } from "./NotFound";

// Each page is its own file: only the first opened one is waited for. The others are loaded when idle, so that they are there while the
// server is away.
const pages = {
  dashboard: async () => ({ Component: (await import("@/features/dashboard")).Dashboard }),
  library: async () => ({ Component: (await import("@/features/library")).Library }),
  detail: async () => ({ Component: (await import("@/features/detail")).Detail }),
  generate: async () => ({ Component: (await import("@/features/url-generate")).UrlGenerate }),
  pipelines: async () => ({ Component: (await import("@/features/pipelines")).Pipelines }),
  settings: async () => ({ Component: (await import("@/features/settings")).Settings }),
};
const QUIET_MS = 8_000;
window.setTimeout(() => {
  for (const load of Object.values(pages)) void load().catch(() => undefined);
}, QUIET_MS);

export const router = createBrowserRouter([
  {
    element: <Layout />,
    errorElement: <Crash />,
    HydrateFallback: () => null,
    children: [
      { index: true, lazy: pages.dashboard },
      { path: "library", lazy: pages.library },
      { path: "videos/:videoId", lazy: pages.detail },
      { path: "generate", lazy: pages.generate },
      { path: "pipelines", lazy: pages.pipelines },
      { path: "settings", lazy: pages.settings },
      { path: "*", element: <NotFound /> },
    ],
  },
]);
