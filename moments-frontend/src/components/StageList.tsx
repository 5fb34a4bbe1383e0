import { Box, LinearProgress, Stack, Typography } from "@mui/material";
import { Ban, Check, Circle, LoaderCircle, type LucideIcon, Minus, X } from "lucide-react";
import type { StageOut, StageStatus } from "@/api/types";
import { useNow } from "@/hooks/useNow";
import { partName, STAGE_LABELS } from "@/lib/stages";
import { formatDuration } from "@/lib/time";

const LOOKS: Record<StageStatus, { icon: LucideIcon; color: string; word: string }> = {
  pending: { icon: Circle, color: "text.disabled", word: "waiting" },
  processing: { icon: LoaderCircle, color: "primary.main", word: "in progress" },
  completed: { icon: Check, color: "success.main", word: "done" },
  skipped: { icon: Minus, color: "text.secondary", word: "skipped" },
  failed: { icon: X, color: "error.main", word: "failed" },
  cancelled: { icon: Ban, color: "text.secondary", word: "cancelled" },
};

/** Shows the eight stages of a run: each with its time, its progress, why it was skipped, or what it waits for. */
export function StageList({ stages }: { stages: readonly StageOut[] }) {
  return (
    <Stack component="ol" aria-label="Stages" sx={{ listStyle: "none", p: 0, m: 0, gap: 0.25 }}>
      {stages.map((stage) => (
        <StageRow key={stage.name} stage={stage} />
      ))}
    </Stack>
  );
}

function StageRow({ stage }: { stage: StageOut }) {
  const { icon: Icon, color, word } = LOOKS[stage.status];
  const working = stage.status === "processing";
  const remark = stage.waiting_for != null ? `waiting for ${partName(stage.waiting_for)}, which does not answer` : stage.reason;
  return (
    <Box
      component="li"
      data-stage={stage.name}
      data-status={stage.status}
      sx={{ display: "grid", gridTemplateColumns: "24px 1fr auto", alignItems: "center", columnGap: 1.5, py: 0.75, minHeight: 40 }}
    >
      <Box sx={{ color, lineHeight: 0, ...(working && { animation: "spin 1.2s linear infinite", "@keyframes spin": { to: { rotate: "360deg" } } }) }}>
        <Icon size={18} aria-hidden />
      </Box>
      <Box sx={{ minWidth: 0 }}>
        <Typography variant="body2" sx={{ fontWeight: working ? 600 : 400, color: stage.status === "pending" ? "text.secondary" : "text.primary" }}>
          {STAGE_LABELS[stage.name]}
        </Typography>
        {remark !== null && (
          <Typography variant="caption" color={stage.status === "failed" ? "error" : "text.secondary"} sx={{ display: "block" }}>
            {remark}
          </Typography>
        )}
        {working && (
          <LinearProgress
            aria-label={STAGE_LABELS[stage.name]}
            sx={{ mt: 0.5, borderRadius: 1 }}
            {...(stage.progress == null ? {} : { variant: "determinate" as const, value: stage.progress * 100 })}
          />
        )}
      </Box>
      <Typography variant="caption" color="text.secondary" sx={{ fontVariantNumeric: "tabular-nums" }}>
        <StageTime stage={stage} word={word} />
      </Typography>
    </Box>
  );
}

function StageTime({ stage, word }: { stage: StageOut; word: string }) {
  const now = useNow(stage.status === "processing");
  if (stage.started_at === null || stage.status === "skipped" || stage.status === "pending") return word;
  const end = stage.completed_at === null ? now : Date.parse(stage.completed_at);
  return `${word}, ${formatDuration(Math.max(0, end - Date.parse(stage.started_at)) / 1000)}`;
}
