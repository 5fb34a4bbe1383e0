import { infiniteQueryOptions, queryOptions, useQueryClient } from "@tanstack/react-query";
import { useAction } from "./action";
import { type ApiError, request } from "./client";
import { queryKeys } from "./queryKeys";
import type { DeletedOut, PageVideoOut, VideoOut, VideoSort } from "./types";

export interface VideoFilter {
  q?: string;
  status?: VideoOut["status"];
  sort?: VideoSort;
  deleted?: true;
}

// A small first page shows soon; when the user scrolls on, larger pages are better.
const [FIRST, NEXT] = [60, 100];

/** All videos, one page at a time. */
export const videoPages = (filter: VideoFilter) =>
  infiniteQueryOptions({
    queryKey: queryKeys.videos.pages(filter),
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }) =>
      request<PageVideoOut>({ url: "api/videos", signal, params: { ...filter, ...(pageParam === null ? { limit: FIRST } : { limit: NEXT, cursor: pageParam }) } }),
    getNextPageParam: (page) => page.next_cursor,
  });

export const video = (videoId: string) =>
  queryOptions<VideoOut, ApiError>({
    queryKey: queryKeys.videos.one(videoId),
    queryFn: ({ signal }) => request<VideoOut>({ url: `api/videos/${videoId}`, signal }),
  });

export interface Deleted {
  /** The ids for which the request succeeded, also where another one failed. */
  done: string[];
  error: ApiError | null;
}

/** Sends a request for each id, even after a failure. Throws where none succeeded. */
async function each(ids: readonly string[], ask: (id: string) => Promise<unknown>): Promise<Deleted> {
  const results = await Promise.allSettled(ids.map(ask));
  const failed = results.find((result) => result.status === "rejected");
  // `request` throws nothing but ApiError.
  const error = failed === undefined ? null : (failed.reason as ApiError);
  const done = ids.filter((_, index) => results[index]?.status === "fulfilled");
  if (error !== null && done.length === 0) throw error;
  return { done, error };
}

/** Invalidates videos, and the runs that were cancelled with them or are shown again. Nobody waits for these. */
function useRefresh() {
  const client = useQueryClient();
  return () => {
    void client.invalidateQueries({ queryKey: queryKeys.runs.all });
    return client.invalidateQueries({ queryKey: queryKeys.videos.all });
  };
}

/** Hides videos and cancels their runs. Throws where none could be hidden. `useRestoreVideos` restores them for ten minutes. */
export function useDeleteVideos() {
  const refresh = useRefresh();
  return useAction<Deleted, readonly string[]>({
    mutationFn: (ids) => each(ids, (id) => request<DeletedOut>({ method: "DELETE", url: `api/videos/${id}` })),
    onSettled: refresh,
  });
}

/** Restores deleted videos. `error` is set where some could not be restored. Throws where none could. */
export function useRestoreVideos() {
  const refresh = useRefresh();
  return useAction<Deleted, readonly string[]>({
    mutationFn: (ids) => each(ids, (id) => request<VideoOut>({ method: "POST", url: `api/videos/${id}/restore` })),
    onSettled: refresh,
  });
}
