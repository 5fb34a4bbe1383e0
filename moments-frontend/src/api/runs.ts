import { infiniteQueryOptions, type QueryClient, queryOptions, useQueryClient } from "@tanstack/react-query";
import { useAction } from "./action";
import { pollInterval } from "@/hooks/polling";
import { type Shares, sharesOf } from "@/lib/runProgress";
import { type ApiError, request } from "./client";
import { queryKeys } from "./queryKeys";
import type { AcceptedOut, DismissedAllOut, DismissedOut, PageRunOut, RunStatus, StatusOut } from "./types";

/** The newest run of a video, polled until it has ended (every two seconds while it progresses). */
export const runStatus = (videoId: string) =>
  queryOptions<StatusOut, ApiError>({
    queryKey: queryKeys.runs.status(videoId),
    queryFn: ({ signal }) => request<StatusOut>({ url: `api/pipeline/${videoId}/status`, signal }),
    refetchInterval: (query) => pollInterval(query.state.data, { failed: query.state.status === "error" }),
    refetchIntervalInBackground: true,
    retry: false,
  });

export interface RunFilter {
  status?: RunStatus;
  error_code?: string;
  stalled?: boolean;
  dismissed?: boolean;
}

const QUEUED_MS = 5_000;
const PAST_MS = 600_000;

/** The newest hundred queued runs, newest first. */
export const queuedRuns = queryOptions<PageRunOut, ApiError>({
  queryKey: queryKeys.runs.queued,
  queryFn: ({ signal }) => request<PageRunOut>({ url: "api/pipeline", signal, params: { status: "queued", limit: 100 } }),
  refetchInterval: QUEUED_MS,
});

/** The shares of time that the stages took in the newest completed runs. */
export const expectedShares = queryOptions<Shares, ApiError>({
  queryKey: queryKeys.runs.past,
  queryFn: async ({ signal }) => sharesOf((await request<PageRunOut>({ url: "api/pipeline", signal, params: { status: "completed", kind: "pipeline", limit: 20 } })).items),
  staleTime: PAST_MS,
});

/** The runs of all videos, newest first. Polled more often while one of them is active. */
export const runPages = (filter: RunFilter, limit = 25) =>
  infiniteQueryOptions({
    queryKey: queryKeys.runs.pages(filter, limit),
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }) => request<PageRunOut>({ url: "api/pipeline", signal, params: { ...filter, limit, ...(pageParam === null ? {} : { cursor: pageParam }) } }),
    getNextPageParam: (page) => page.next_cursor,
    refetchInterval: (query) => {
      const active = query.state.data?.pages.flatMap((page) => page.items).some((run) => run.status === "queued" || run.status === "processing");
      if (document.hidden) return 20_000;
      return active ? 2_000 : 10_000;
    },
  });

export function useCancelRun() {
  const client = useQueryClient();
  return useAction<AcceptedOut, { videoId: string; requestId: string }>({
    mutationFn: ({ videoId, requestId }) => request({ method: "POST", url: `api/pipeline/${videoId}/cancel`, params: { request_id: requestId } }),
    onSettled: () => client.invalidateQueries({ queryKey: queryKeys.runs.all }),
  });
}

/** Resumes a run that failed or was cancelled. */
export function useRetryRun() {
  const client = useQueryClient();
  return useAction<AcceptedOut, { videoId: string; requestId: string }>({
    mutationFn: ({ videoId, requestId }) => request({ method: "POST", url: `api/pipeline/${videoId}/retry`, params: { request_id: requestId } }),
    onSettled: () => client.invalidateQueries({ queryKey: queryKeys.runs.all }),
  });
}

interface RunIds {
  videoId: string;
  requestId: string;
}

/** Awaits the runs, so that nobody dismisses one twice that is still shown; nobody waits for the videos. */
function refreshLists(client: QueryClient): Promise<void> {
  void client.invalidateQueries({ queryKey: queryKeys.videos.all });
  return client.invalidateQueries({ queryKey: queryKeys.runs.all });
}

/** Removes a run that failed or was cancelled from all lists, or with `undo` puts it back. */
export function useDismissRun() {
  const client = useQueryClient();
  return useAction<DismissedOut, RunIds & { undo?: boolean }>({
    mutationFn: ({ videoId, requestId, undo = false }) =>
      request({ method: "POST", url: `api/pipeline/${videoId}/${undo ? "undismiss" : "dismiss"}`, params: { request_id: requestId } }),
    onSettled: () => refreshLists(client),
  });
}

/** Removes every failed run from all lists. */
export function useDismissFailed() {
  const client = useQueryClient();
  return useAction<DismissedAllOut>({
    mutationFn: () => request({ method: "POST", url: "api/pipeline/dismiss" }),
    onSettled: () => refreshLists(client),
  });
}
