import { Box, Button, Card, MenuItem, Skeleton, Stack, TextField } from "@mui/material";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Activity } from "lucide-react";
import { useSearchParams } from "react-router";
import { type RunFilter, runPages } from "@/api/runs";
import { DismissFailed } from "@/components/DismissFailed";
import { EmptyState } from "@/components/EmptyState";
import { ErrorState } from "@/components/ErrorState";
import { Page } from "@/components/Page";
import { useTitle } from "@/hooks/useTitle";
import { OperatorFigures } from "./OperatorFigures";
import { RunRow } from "./RunRow";

const FILTERS: Record<string, { label: string; filter: RunFilter }> = {
  all: { label: "All runs", filter: {} },
  queued: { label: "In the queue", filter: { status: "queued" } },
  processing: { label: "In progress", filter: { status: "processing" } },
  stalled: { label: "No worker", filter: { stalled: true } },
  completed: { label: "Done", filter: { status: "completed" } },
  failed: { label: "Failed", filter: { status: "failed" } },
  dead: { label: "Stopped after crashes", filter: { error_code: "dead_letter" } },
  cancelled: { label: "Cancelled", filter: { status: "cancelled" } },
  dismissed: { label: "Dismissed", filter: { dismissed: true } },
};

/** Lists every run of every video, newest first: its stages as a timeline, why it ended, and its actions. */
export function Pipelines() {
  useTitle("Pipelines");
  const [params, setParams] = useSearchParams();
  const name = params.get("status") ?? "all";
  const { data, error, isPending, hasNextPage, fetchNextPage, isFetchingNextPage, refetch } = useInfiniteQuery(runPages(FILTERS[name]?.filter ?? {}));
  const runs = data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Page
      title="Pipelines"
      subtitle="For operators: every run, how long its stages took, and why it failed."
      actions={
        <TextField
          select
          label="Status"
          value={name in FILTERS ? name : "all"}
          onChange={(event) => {
            setParams(event.target.value === "all" ? {} : { status: event.target.value }, { replace: true });
          }}
          sx={{ minWidth: 160 }}
        >
          {Object.entries(FILTERS).map(([value, { label }]) => (
            <MenuItem key={value} value={value}>
              {label}
            </MenuItem>
          ))}
        </TextField>
      }
    >
      <OperatorFigures />
      {runs.length > 0 && (name === "failed" || name === "dead") && (
        <Box sx={{ mb: 1.5, textAlign: "right" }}>
          <DismissFailed />
        </Box>
      )}
      {error && <ErrorState error={error} onRetry={() => void refetch()} />}
      {isPending && (
        <Stack spacing={1.5} role="status" aria-label="Loading the runs">
          {Array.from({ length: 4 }, (_, index) => (
            <Card key={index} sx={{ px: 2, py: 1.5 }}>
              <Skeleton width="40%" />
              <Skeleton width="25%" />
              <Skeleton height={8} variant="rounded" sx={{ mt: 1.25 }} />
            </Card>
          ))}
        </Stack>
      )}
      {data && runs.length === 0 && (
        <EmptyState icon={Activity} title={name === "all" ? "No runs yet" : "No runs with this status"}>
          {name === "dead"
            ? "A run during which the worker crashed three times is listed here, with what is known about it."
            : "Every recording that is added starts a run, which is listed here."}
        </EmptyState>
      )}
      <Stack component="ul" spacing={1.5} sx={{ listStyle: "none", p: 0, m: 0 }} aria-label="Runs">
        {runs.map((run) => (
          <RunRow key={run.request_id} run={run} />
        ))}
      </Stack>
      {hasNextPage && (
        <Button sx={{ mt: 2 }} variant="outlined" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          Older runs
        </Button>
      )}
    </Page>
  );
}
