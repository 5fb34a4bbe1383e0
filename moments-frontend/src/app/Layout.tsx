import { Box, LinearProgress } from "@mui/material";
import { lazy, Suspense, useEffect, useRef, useSyncExternalStore } from "react";
import { Outlet, ScrollRestoration, useLocation, useNavigation } from "react-router";
import { keyAsked, subscribeKey } from "@/api/key";
import { useWithdraw } from "@/hooks/useNotify";
import { LiveRegion } from "./LiveRegion";
import { Navigation } from "./Navigation";
import { OfflineBanner } from "./OfflineBanner";

// Most users never see it.
const SignIn = lazy(async () => ({ default: (await import("./SignIn")).SignIn }));

/** The frame of every page: the navigation, whether the server answers, and the sign-in. */
export function Layout() {
  const main = useRef<HTMLElement>(null);
  const { pathname } = useLocation();
  const loading = useNavigation().state === "loading";
  const first = useRef(true);
  const asked = useSyncExternalStore(subscribeKey, keyAsked);
  const withdraw = useWithdraw();
  useEffect(() => {
    // What was said about the page that was left; what can still be undone stays.
    if (!first.current) withdraw();
  }, [pathname, withdraw]);
  useEffect(() => {
    // Screen readers, too, read a new page from its start.
    if (!first.current) main.current?.focus({ preventScroll: true });
    first.current = false;
  }, [pathname]);
  return (
    <Box sx={{ display: "flex", minHeight: "100%" }}>
      <Box
        component="a"
        href="#main"
        sx={{
          position: "fixed",
          left: 12,
          top: -60,
          zIndex: 2000,
          px: 2,
          py: 1,
          borderRadius: 1,
          bgcolor: "primary.main",
          color: "primary.contrastText",
          "&:focus": { top: 12 },
        }}
      >
        Skip to the content
      </Box>
      <Navigation />
      <Box component="main" id="main" ref={main} tabIndex={-1} sx={{ flex: 1, minWidth: 0, pb: { xs: 9, md: 3 }, outline: "none !important" }}>
        {loading && <LinearProgress aria-label="Loading the page" sx={{ position: "fixed", inset: "0 0 auto 0", zIndex: 1500 }} />}
        <OfflineBanner />
        <Outlet />
      </Box>
      {asked && (
        <Suspense fallback={null}>
          <SignIn />
        </Suspense>
      )}
      <LiveRegion />
      <ScrollRestoration />
    </Box>
  );
}
