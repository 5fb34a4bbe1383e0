import { Box, Button, MenuItem, Skeleton, Stack, TextField } from "@mui/material";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Activity } from "lucide-react";
import { useSearchParams } from "react-router";
import { type RunFilter, runPages } from "@/api/runs";
import { DismissFailed } from "@/components/DismissFailed";
import { EmptyState } from "@/components/EmptyState";
import { ErrorState } from "@/components/ErrorState";
import { Page } from "@/components/Page";
import { useTitle } from "@/hooks/useTitle";
import { RunRow } from "./RunRow";

const FILTERS: Record<string, { label: string; filter: RunFilter }> = {
  all: { label: "All runs", filter: {} },
  queued: { label: "Queued", filter: { status: "queued" } },
  processing: { label: "Working", filter: { status: "processing" } },
  stalled: { label: "Stalled", filter: { stalled: true } },
  completed: { label: "Done", filter: { status: "completed" } },
  failed: { label: "Failed", filter: { status: "failed" } },
  dead: { label: "Dead letters", filter: { error_code: "dead_letter" } },
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
      subtitle="Every run, and where its time went."
      actions={
        <TextField
          select
          label="Show"
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
      {runs.length > 0 && (name === "failed" || name === "dead") && (
        <Box sx={{ mb: 1.5, textAlign: "right" }}>
          <DismissFailed />
        </Box>
      )}
      {error && <ErrorState error={error} onRetry={() => void refetch()} />}
      {isPending && <Skeleton variant="rounded" height={280} role="status" aria-label="Loading the runs" />}
      {data && runs.length === 0 && (
        <EmptyState icon={Activity} title={name === "all" ? "No run yet" : "No run like that"}>
          {name === "dead" ? "A run that ended its worker three times lands here, with what is known about it." : "Runs show up here as soon as a video is added."}
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
