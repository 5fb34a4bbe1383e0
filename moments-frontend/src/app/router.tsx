import { createBrowserRouter, redirect } from "react-router";
import { Layout } from "./Layout";
import { Crash } from "./Crash";
import { NotFound } from "./NotFound";

// Each page is its own file: only the first opened one is waited for. The others are loaded when idle, so that they are there while the
// server is away.
const pages = {
  home: async () => ({ Component: (await import("@/features/home")).Home }),
  library: async () => ({ Component: (await import("@/features/library")).Library }),
  detail: async () => ({ Component: (await import("@/features/detail")).Detail }),
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
      { index: true, lazy: pages.home },
      { path: "library", lazy: pages.library },
      { path: "videos/:videoId", lazy: pages.detail },
      // An earlier version had a page of its own for this; bookmarks still lead to it.
      { path: "generate", loader: () => redirect("/"), element: null },
      { path: "pipelines", lazy: pages.pipelines },
      { path: "settings", lazy: pages.settings },
      { path: "*", element: <NotFound /> },
    ],
  },
]);
