import { useQueryClient } from "@tanstack/react-query";
import { useAction } from "./action";
import { request } from "./client";
import type { AcceptedOut, SourceListOut, StartOptions } from "./types";

/** One URL, one run. */
export function useGenerate() {
  const client = useQueryClient();
  return useAction<AcceptedOut, { url: string; options: Partial<StartOptions> }>({
    mutationFn: ({ url, options }) => request({ method: "POST", url: "api/generate_moments", data: { url, ...options } }),
    onSuccess: () => client.invalidateQueries(),
  });
}

/** How many videos of a list are shown to choose from. */
export const MOST_LISTED = 100;
// A site may take its time to list a channel.
const LOOK_MS = 120_000;

/** The videos that a playlist's or a channel's address leads to, at most `MOST_LISTED`; nothing is started. */
export function useListSource() {
  return useAction<SourceListOut, string>({
    mutationFn: (url) => request({ method: "POST", url: "api/videos/list", data: { url, max_videos: MOST_LISTED }, timeout: LOOK_MS }),
  });
}
