import { Box, Card, Link as MuiLink, Typography } from "@mui/material";
import { Link } from "react-router";
import type { RunOut } from "@/api/types";
import { StatusChip } from "@/components/StatusChip";
import { formatAgo, formatDuration } from "@/lib/time";

/** Lists runs that have ended, one line each. A failed one says why. */
export function RunLines({ runs }: { runs: readonly RunOut[] }) {
  return (
    <Card component="ul" sx={{ listStyle: "none", p: 0, m: 0 }}>
      {runs.map((run) => (
        <Box
          component="li"
          key={run.request_id}
          sx={{
            display: "grid",
            gridTemplateColumns: { xs: "1fr auto", sm: "1fr 96px auto" },
            gap: 1.5,
            alignItems: "center",
            px: 2,
            py: 1.25,
            "&:not(:last-of-type)": { borderBottom: 1, borderColor: "divider" },
          }}
        >
          <Box sx={{ minWidth: 0 }}>
            <MuiLink component={Link} to={`/videos/${run.video_id}`} color="inherit" sx={{ fontWeight: 600, overflowWrap: "anywhere" }}>
              {run.title}
            </MuiLink>
            {(run.error ?? run.note ?? run.unrefined) != null && (
              <Typography variant="caption" color={run.error ? "error" : "text.secondary"} component="p">
                {run.error ? `${run.error.message} ${run.error.advice ?? ""}` : (run.note ?? run.unrefined?.message)}
              </Typography>
            )}
          </Box>
          <Box sx={{ textAlign: "right" }}>
            <StatusChip status={run.status} stalled={run.stalled} />
          </Box>
          <Typography
            variant="caption"
            color="text.secondary"
            sx={{ display: { xs: "none", sm: "grid" }, minWidth: 110, textAlign: "right", fontVariantNumeric: "tabular-nums", whiteSpace: "nowrap" }}
          >
            {run.completed_at != null && <span>{formatAgo(run.completed_at)}</span>}
            {run.duration_seconds != null && <span>took {formatDuration(run.duration_seconds)}</span>}
          </Typography>
        </Box>
      ))}
    </Card>
  );
}
