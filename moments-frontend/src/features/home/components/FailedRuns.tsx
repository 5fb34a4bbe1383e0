import { Box, Card, Link as MuiLink, Typography } from "@mui/material";
import { Link } from "react-router";
import type { RunOut } from "@/api/types";
import { RunActions } from "@/components/RunActions";
import { formatAgo } from "@/lib/time";

/** Lists failed runs: each says why and what to do, and can be tried again or dismissed. */
export function FailedRuns({ runs }: { runs: readonly RunOut[] }) {
  return (
    <Card component="ul" aria-label="Failed runs" sx={{ listStyle: "none", p: 0, m: 0 }}>
      {runs.map((run) => (
        <Box
          component="li"
          key={run.request_id}
          sx={{ display: "flex", flexWrap: "wrap", gap: 1, alignItems: "center", px: 2, py: 1.25, "&:not(:last-of-type)": { borderBottom: 1, borderColor: "divider" } }}
        >
          <Box sx={{ flex: "1 1 260px", minWidth: 0 }}>
            <MuiLink component={Link} to={`/videos/${run.video_id}`} color="inherit" sx={{ fontWeight: 600, overflowWrap: "anywhere" }}>
              {run.title}
            </MuiLink>
            {run.error && (
              <Typography variant="caption" color="error" component="p" sx={{ overflowWrap: "anywhere" }}>
                {run.error.message} {run.error.advice}
              </Typography>
            )}
            {run.completed_at != null && (
              <Typography variant="caption" color="text.secondary" component="p">
                {formatAgo(run.completed_at)}
              </Typography>
            )}
          </Box>
          <Box sx={{ display: "flex", gap: 1, ml: "auto" }}>
            <RunActions videoId={run.video_id} requestId={run.request_id} status={run.status} dismissed={run.dismissed_at != null} />
          </Box>
        </Box>
      ))}
    </Card>
  );
}
