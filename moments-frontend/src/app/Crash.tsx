import { Button, Stack, Typography } from "@mui/material";
import { useRouteError } from "react-router";

/** Shown when the page itself breaks, most often because a newer version was installed meanwhile. */
export function Crash() {
  const error = useRouteError();
  return (
    <Stack component="main" spacing={2} sx={{ p: 4, maxWidth: 560, mx: "auto", mt: 8 }}>
      <Typography variant="h1">Something went wrong on this page.</Typography>
      <Typography color="text.secondary">Nothing that you saved is lost. Reload the page. If it happens again, send the text below to whoever runs this server.</Typography>
      <Typography component="pre" variant="caption" sx={{ whiteSpace: "pre-wrap" }}>
        {error instanceof Error ? error.message : "Unknown error"}
      </Typography>
      <Button variant="contained" sx={{ alignSelf: "start" }} onClick={() => window.location.reload()}>
        Reload the page
      </Button>
    </Stack>
  );
}
