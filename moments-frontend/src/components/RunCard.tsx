import { Alert, AlertTitle, Box, Button, Card, CardContent, Collapse, Skeleton, Stack, Typography } from "@mui/material";
import { useQuery } from "@tanstack/react-query";
import { ChevronDown } from "lucide-react";
import { type ReactNode, useState } from "react";
import { runStatus } from "@/api/runs";
import { isActive } from "@/hooks/polling";
import { sentence } from "@/lib/sentence";
import { ErrorState } from "./ErrorState";
import { RunActions } from "./RunActions";
import { RunProgress } from "./RunProgress";
import { StageList } from "./StageList";
import { StatusChip } from "./StatusChip";
import { UnrefinedNote } from "./UnrefinedNote";

interface Props {
  videoId: string;
  title: ReactNode;
  whenDone?: ReactNode;
  onDismissed?: ((dismissed: boolean) => void) | undefined;
}

/** Shows a video's newest run, live: how far it is, how to cancel it, why it failed and what to do. Its stages are listed on demand. */
export function RunCard({ videoId, title, whenDone, onDismissed }: Props) {
  const { data: run, error, refetch } = useQuery(runStatus(videoId));
  const [open, setOpen] = useState(false);
  if (run === undefined) return error ? <ErrorState error={error} onRetry={() => void refetch()} /> : <RunCardSkeleton title={title} />;
  return (
    <Card data-run-status={run.status}>
      <CardContent sx={{ "&:last-child": { pb: 1.5 } }}>
        <Stack direction="row" sx={{ alignItems: "center", gap: 1.5, mb: 1.5, flexWrap: "wrap" }}>
          <Typography variant="h2" sx={{ flex: { xs: "1 1 100%", sm: 1 }, minWidth: 0, overflowWrap: "anywhere" }}>
            {title}
          </Typography>
          <span role="status">
            <StatusChip status={run.status} stalled={run.stalled} waitingFor={run.waiting_for} />
          </span>
          <RunActions videoId={videoId} requestId={run.request_id} status={run.status} onRetried={() => void refetch()} onDismissed={onDismissed} />
          {run.status === "completed" && whenDone}
        </Stack>
        {run.stalled && (
          <Alert
            severity="warning"
            sx={{ mb: 1.5 }}
            action={
              <Button color="inherit" size="small" onClick={() => void refetch()}>
                Check now
              </Button>
            }
          >
            Nothing works on this run at the moment. It continues by itself as soon as a worker is running.
          </Alert>
        )}
        {run.error && (
          <Alert severity="error" sx={{ mb: 1.5 }}>
            <AlertTitle>{run.error.message}</AlertTitle>
            {run.error.advice}
          </Alert>
        )}
        {run.note != null && (
          <Alert severity="info" sx={{ mb: 1.5 }}>
            {sentence(run.note)}
          </Alert>
        )}
        <UnrefinedNote run={run} onRetried={() => void refetch()} />
        {isActive(run.status) && <RunProgress run={run} />}
        <Button
          size="small"
          color="inherit"
          aria-expanded={open}
          startIcon={
            <Box component="span" sx={{ lineHeight: 0, transition: "rotate 120ms", rotate: open ? "180deg" : "0deg" }}>
              <ChevronDown size={16} aria-hidden />
            </Box>
          }
          onClick={() => setOpen(!open)}
          sx={{ ml: -0.5 }}
        >
          {open ? "Hide the stages" : "Show the stages"}
        </Button>
        <Collapse in={open} unmountOnExit timeout={150}>
          <StageList stages={run.stages} />
          {run.owner != null && (
            <Typography variant="caption" color="text.secondary" component="p" sx={{ mt: 1, overflowWrap: "anywhere" }}>
              Worker: {run.owner}
            </Typography>
          )}
        </Collapse>
      </CardContent>
    </Card>
  );
}

/** Keeps the place of a run that is being loaded. */
function RunCardSkeleton({ title }: { title: ReactNode }) {
  return (
    <Card data-run-status="loading">
      <CardContent role="status" aria-label="Loading the run">
        <Typography variant="h2" sx={{ mb: 1.5, overflowWrap: "anywhere" }}>
          {title}
        </Typography>
        <Skeleton width="35%" />
        <Skeleton variant="rounded" height={10} sx={{ my: 1 }} />
      </CardContent>
    </Card>
  );
}
