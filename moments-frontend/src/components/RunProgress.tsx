import { Box, Stack, Typography } from "@mui/material";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { expectedShares, queuedRuns } from "@/api/runs";
import type { RunOut, StageOut, StatusOut } from "@/api/types";
import { useNow } from "@/hooks/useNow";
import { leftInWords, type Part, progressOf, USUAL_SHARES } from "@/lib/runProgress";
import { STAGE_DOING, STAGE_LABELS } from "@/lib/stages";

interface Props {
  run: Pick<StatusOut, "request_id" | "status" | "stages" | "current_stage" | "stalled" | "waiting_for">;
}

/** Shows how far an active run is: a bar in which each stage is as wide as its expected time, what it does, and the time left. */
export function RunProgress({ run }: Props) {
  const { data: shares = USUAL_SHARES } = useQuery(expectedShares);
  const now = useNow(true);
  const queued = run.status === "queued";
  const { parts, done, secondsLeft } = progressOf(run.stages, shares, now, useReported(run.stages, now));
  const doing = run.current_stage === null ? "Starting" : STAGE_DOING[run.current_stage];
  // While nobody works on it, no estimate holds.
  const left = run.stalled || run.waiting_for != null || queued ? "" : secondsLeft === null ? "estimating the time left" : leftInWords(secondsLeft);
  return (
    <Stack spacing={0.75} sx={{ mb: 1 }}>
      <Stack direction="row" sx={{ gap: 2, justifyContent: "space-between", flexWrap: "wrap" }}>
        <Typography variant="body2" sx={{ fontWeight: 600 }}>
          {queued ? <QueuePlace requestId={run.request_id} /> : doing}
        </Typography>
        <Typography variant="body2" color="text.secondary" sx={{ fontVariantNumeric: "tabular-nums" }}>
          {left}
        </Typography>
      </Stack>
      <Box
        role="progressbar"
        aria-label="Progress of the run"
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(done * 100)}
        aria-valuetext={queued ? "Waiting in the queue" : [doing, left].filter(Boolean).join(", ")}
        sx={{ display: "flex", gap: "3px", height: 10 }}
      >
        {parts.filter(({ share }) => share > 0).map(Bar)}
      </Box>
    </Stack>
  );
}

/** Returns when the stage that works reported its progress, as far as this page has seen it. */
function useReported(stages: readonly StageOut[], now: number): number {
  const current = stages.find((stage) => stage.status === "processing");
  const report = `${current?.name ?? ""} ${current?.progress ?? ""}`;
  const [seen, setSeen] = useState({ report, at: now });
  if (seen.report === report) return seen.at;
  setSeen({ report, at: now });
  return now;
}

function Bar({ stage, share, done }: Part) {
  return (
    <Box
      key={stage.name}
      data-part={stage.name}
      title={STAGE_LABELS[stage.name]}
      sx={{ minWidth: 6, borderRadius: 0.5, overflow: "hidden", bgcolor: "action.disabledBackground" }}
      style={{ flex: `${share} 1 0` }}
    >
      <Box
        sx={{ height: 1, bgcolor: stage.status === "completed" ? "success.main" : "primary.main", transition: "width 180ms linear" }}
        style={{ width: `${Math.round(done * 1000) / 10}%` }}
      />
    </Box>
  );
}

function QueuePlace({ requestId }: { requestId: string }) {
  const { data } = useQuery(queuedRuns);
  return placeInWords(data, requestId);
}

/** A page of the queued runs, newest first. */
export interface Queue {
  items: readonly Pick<RunOut, "request_id">[];
  next_cursor?: string | null;
}

/** Says how many queued runs were accepted before this one. */
export function placeInWords(queued: Queue | undefined, requestId: string): string {
  const index = queued?.items.findIndex((run) => run.request_id === requestId) ?? -1;
  if (queued === undefined || index < 0) return "In the queue";
  const before = queued.items.length - 1 - index;
  if (queued.next_cursor != null) return `In the queue, with ${before} or more before it`;
  return before === 0 ? "Next in the queue" : `Number ${before + 1} in the queue`;
}
