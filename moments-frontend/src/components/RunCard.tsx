import { Alert, AlertTitle, Button, Card, CardContent, Stack, Typography } from "@mui/material";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { runStatus } from "@/api/runs";
import { ErrorState } from "./ErrorState";
import { RunActions } from "./RunActions";
import { StageList } from "./StageList";
import { StatusChip } from "./StatusChip";
import { UnrefinedNote } from "./UnrefinedNote";

interface Props {
  videoId: string;
  title: ReactNode;
  whenDone?: ReactNode;
  onDismissed?: ((dismissed: boolean) => void) | undefined;
}

/** Shows a video's newest run, live: its stages, how to cancel it, why it failed and what to do. */
export function RunCard({ videoId, title, whenDone, onDismissed }: Props) {
  const { data: run, error, refetch } = useQuery(runStatus(videoId));
  if (run === undefined) return error ? <ErrorState error={error} onRetry={() => void refetch()} /> : null;
  return (
    <Card data-run-status={run.status}>
      <CardContent>
        <Stack direction="row" sx={{ alignItems: "center", gap: 1.5, mb: 1.5, flexWrap: "wrap" }}>
          <Typography variant="h2" sx={{ flex: 1, minWidth: 0, overflowWrap: "anywhere" }}>
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
                Look again
              </Button>
            }
          >
            No worker is at it. It goes on by itself when one starts.
          </Alert>
        )}
        {run.error && (
          <Alert severity="error" sx={{ mb: 1.5 }}>
            <AlertTitle>{run.error.message}</AlertTitle>
            {run.error.advice}
          </Alert>
        )}
        {run.note !== null && (
          <Alert severity="info" sx={{ mb: 1.5 }}>
            {run.note}
          </Alert>
        )}
        <UnrefinedNote run={run} onRetried={() => void refetch()} />
        <StageList stages={run.stages} />
        {run.owner != null && (
          <Typography variant="caption" color="text.secondary" component="p" sx={{ mt: 1, overflowWrap: "anywhere" }}>
            Worker: {run.owner}
          </Typography>
        )}
      </CardContent>
    </Card>
  );
}
