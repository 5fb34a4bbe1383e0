import { useQueryClient } from "@tanstack/react-query";
import { useAction } from "./action";
import { request } from "./client";
import { listingRuns } from "./queryKeys";
import type { AcceptedOut, SourceListOut, StartOptions } from "./types";

/** Registers one URL and starts its run. */
export function useGenerate() {
  const client = useQueryClient();
  return useAction<AcceptedOut, { url: string; options: Partial<StartOptions> }>({
    mutationFn: ({ url, options }) => request({ method: "POST", url: "api/generate_moments", data: { url, ...options } }),
    // Not awaited: the next of several addresses would wait for the lists.
    onSuccess: () => {
      for (const queryKey of listingRuns) void client.invalidateQueries({ queryKey });
    },
  });
}

/** Starts a run of the sample that comes with VideoMoments. */
export function useSample() {
  const client = useQueryClient();
  return useAction<AcceptedOut, Partial<StartOptions>>({
    mutationFn: (options) => request({ method: "POST", url: "api/generate_moments/sample", data: options }),
    onSuccess: () => {
      for (const queryKey of listingRuns) void client.invalidateQueries({ queryKey });
    },
  });
}

/** How many videos of a list are shown at most. */
export const MOST_LISTED = 100;
// Listing a channel may take a site a while.
const LOOK_MS = 120_000;

/** Fetches the videos of a playlist's or a channel's address, at most `MOST_LISTED`. Starts nothing. */
export function useListSource() {
  return useAction<SourceListOut, string>({
    mutationFn: (url) => request({ method: "POST", url: "api/videos/list", data: { url, max_videos: MOST_LISTED }, timeout: LOOK_MS }),
  });
}
