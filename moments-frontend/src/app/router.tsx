import { createBrowserRouter } from "react-router";
import { Layout } from "./Layout";
import { Crash } from "./Crash";
import { NotFound } from "./NotFound";

// Each page is a file of its own: the first one to be opened is the only one that is waited for.
export const router = createBrowserRouter([
  {
    element: <Layout />,
    errorElement: <Crash />,
    HydrateFallback: () => null,
    children: [
      { index: true, lazy: async () => ({ Component: (await import("@/features/dashboard")).Dashboard }) },
      { path: "library", lazy: async () => ({ Component: (await import("@/features/library")).Library }) },
      { path: "videos/:videoId", lazy: async () => ({ Component: (await import("@/features/detail")).Detail }) },
      { path: "generate", lazy: async () => ({ Component: (await import("@/features/url-generate")).UrlGenerate }) },
      { path: "pipelines", lazy: async () => ({ Component: (await import("@/features/pipelines")).Pipelines }) },
      { path: "settings", lazy: async () => ({ Component: (await import("@/features/settings")).Settings }) },
      { path: "*", element: <NotFound /> },
    ],
  },
]);
