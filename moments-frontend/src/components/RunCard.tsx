import { Alert, AlertTitle, Button, Card, CardContent, Stack, Typography } from "@mui/material";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { runStatus } from "@/api/runs";
import { ErrorState } from "./ErrorState";
import { RunActions } from "./RunActions";
import { StageList } from "./StageList";
import { StatusChip } from "./StatusChip";

/** A video's newest run, live: its stages, how to end it, why it failed and what to do. */
export function RunCard({ videoId, title, whenDone }: { videoId: string; title: ReactNode; whenDone?: ReactNode }) {
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
            <StatusChip status={run.status} stalled={run.stalled} />
          </span>
          <RunActions videoId={videoId} requestId={run.request_id} status={run.status} onRetried={() => void refetch()} />
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
        <StageList stages={run.stages} />
      </CardContent>
    </Card>
  );
}
