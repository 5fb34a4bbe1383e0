import { Box } from "@mui/material";
import type { StageOut, StageStatus } from "@/api/types";
import { stageSeconds } from "@/lib/runProgress";
import { STAGE_LABELS } from "@/lib/stages";
import { formatDuration } from "@/lib/time";

const COLOURS: Record<StageStatus, string> = {
  pending: "action.disabledBackground",
  processing: "primary.main",
  completed: "success.main",
  skipped: "text.disabled",
  failed: "error.main",
  cancelled: "text.secondary",
};

/** Shows where a run's time went: a bar with each stage as wide as it took. */
export function StageTimeline({ stages }: { stages: readonly StageOut[] }) {
  const seconds = stages.map(stageSeconds);
  const all = seconds.reduce((sum, value) => sum + value, 0);
  const said = stages.map((stage, index) => `${STAGE_LABELS[stage.name]}: ${stage.status}${(seconds[index] ?? 0) > 0 ? ` in ${formatDuration(seconds[index] ?? 0)}` : ""}`);
  return (
    <Box role="img" aria-label={said.join("; ")} sx={{ display: "flex", gap: "2px", mt: 1.25, height: 8 }}>
      {stages.map((stage, index) => (
        <Box
          key={stage.name}
          title={said[index]}
          sx={{ borderRadius: 0.5, minWidth: 6, bgcolor: COLOURS[stage.status] }}
          style={{ flex: `${all === 0 ? 1 : Math.max(0.02, (seconds[index] ?? 0) / all)} 1 0` }}
        />
      ))}
    </Box>
  );
}
