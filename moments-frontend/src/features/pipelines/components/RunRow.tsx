import { Alert, AlertTitle, Box, Card, Collapse, IconButton, Link as MuiLink, Stack, Typography } from "@mui/material";
import { ChevronDown } from "lucide-react";
import { useState } from "react";
import { Link } from "react-router";
import type { RunOut } from "@/api/types";
import { RunActions } from "@/components/RunActions";
import { StageList } from "@/components/StageList";
import { StatusChip } from "@/components/StatusChip";
import { UnrefinedNote } from "@/components/UnrefinedNote";
import { sentence } from "@/lib/sentence";
import { STAGE_LABELS } from "@/lib/stages";
import { formatDate, formatDuration } from "@/lib/time";
import { StageTimeline } from "./StageTimeline";

/** Shows a run in two lines; when opened, also its stages, options and models. */
export function RunRow({ run }: { run: RunOut }) {
  const [open, setOpen] = useState(false);
  return (
    <Card component="li" data-run={run.request_id} sx={{ px: 2, py: 1.5 }}>
      <Stack direction="row" sx={{ gap: 1.5, alignItems: "center", flexWrap: "wrap" }}>
        <Box sx={{ flex: "1 1 170px", minWidth: 0 }}>
          <MuiLink component={Link} to={`/videos/${run.video_id}`} color="inherit" noWrap sx={{ fontWeight: 600, display: "block" }}>
            {run.title}
          </MuiLink>
          <Typography variant="caption" color="text.secondary">
            {run.kind === "pipeline" ? "" : `${run.kind}, `}
            {formatDate(run.created_at)}
            {run.duration_seconds == null ? "" : `, took ${formatDuration(run.duration_seconds)}`}
            {run.attempt > 1 ? `, attempt ${run.attempt}` : ""}
            {run.owner == null ? "" : `, on ${run.owner}`}
          </Typography>
        </Box>
        <Stack direction="row" sx={{ gap: 1.5, alignItems: "center", ml: "auto" }}>
          <StatusChip status={run.status} stalled={run.stalled} waitingFor={run.waiting_for} />
          <RunActions videoId={run.video_id} requestId={run.request_id} status={run.status} dismissed={run.dismissed_at != null} />
          <IconButton aria-label={`Details of ${run.title}`} aria-expanded={open} onClick={() => setOpen(!open)}>
            <Box component="span" sx={{ lineHeight: 0, transition: "rotate 120ms", rotate: open ? "180deg" : "0deg" }}>
              <ChevronDown size={18} aria-hidden />
            </Box>
          </IconButton>
        </Stack>
      </Stack>
      <StageTimeline stages={run.stages} />
      {run.error && (
        <Alert severity="error" sx={{ mt: 1 }}>
          <AlertTitle>{run.error.message}</AlertTitle>
          {run.error.advice}
          <Typography variant="caption" component="p">
            {run.error.stage == null ? "Before the first stage" : STAGE_LABELS[run.error.stage]} ({run.error.code})
          </Typography>
        </Alert>
      )}
      {run.note != null && (
        <Alert severity="info" sx={{ mt: 1 }}>
          {sentence(run.note)}
        </Alert>
      )}
      <UnrefinedNote run={run} />
      <Collapse in={open} unmountOnExit>
        <Box sx={{ pt: 2, display: "grid", gap: 3, gridTemplateColumns: { xs: "1fr", md: "3fr 2fr" } }}>
          <StageList stages={run.stages} />
          <Facts run={run} />
        </Box>
      </Collapse>
    </Card>
  );
}

function Facts({ run }: { run: RunOut }) {
  const facts: [string, string][] = [
    ["Run", run.request_id],
    ...(run.owner == null ? [] : [["worker", run.owner] as [string, string]]),
    ...Object.entries(run.models).map(([job, key]): [string, string] => [job, key]),
    ...Object.entries(run.options)
      .filter(([, value]) => value !== null && value !== "")
      .map(([name, value]): [string, string] => [name.replaceAll("_", " "), typeof value === "string" ? value : JSON.stringify(value)]),
    ...(run.crashes > 0 ? [["worker crashes", run.crashes.toString()] as [string, string]] : []),
  ];
  return (
    <Box component="dl" sx={{ m: 0, display: "grid", gridTemplateColumns: "auto 1fr", columnGap: 2, rowGap: 0.5, alignContent: "start" }}>
      {facts.map(([name, value]) => (
        <Box key={name} sx={{ display: "contents" }}>
          <Typography component="dt" variant="caption" color="text.secondary">
            {name}
          </Typography>
          <Typography component="dd" variant="caption" sx={{ m: 0, overflowWrap: "anywhere" }}>
            {value}
          </Typography>
        </Box>
      ))}
    </Box>
  );
}
