import { queryOptions } from "@tanstack/react-query";
import { request } from "@/api/client";
import { queryKeys } from "@/api/queryKeys";
import type { PageRunOut, PageVideoOut, RunOut, VideoOut } from "@/api/types";

export interface Overview {
  active: RunOut[];
  failed: RunOut[];
}

const MOST_FAILED = 5;
const MOST_ACTIVE = 50;
/** How many recordings are asked for, so that eight are left to show beside those in progress. */
const MOST_RECENT = 16;
const ACTIVE_MS = 3_000;
const REST_MS = 15_000;

/** The runs that are active, and the newest failed ones. Polled often only while something runs. */
export const overview = queryOptions({
  queryKey: queryKeys.runs.overview,
  queryFn: async ({ signal }): Promise<Overview> => {
    const page = (params: object) => request<PageRunOut>({ url: "api/pipeline", signal, params });
    const [queued, processing, failed] = await Promise.all([
      page({ status: "queued", limit: MOST_ACTIVE }),
      page({ status: "processing", limit: MOST_ACTIVE }),
      page({ status: "failed", limit: MOST_FAILED }),
    ]);
    return { active: [...processing.items, ...queued.items], failed: failed.items };
  },
  refetchInterval: (query) => ((query.state.data?.active.length ?? 0) > 0 && !document.hidden ? ACTIVE_MS : REST_MS),
});

/** The newest recordings. */
export const recentVideos = queryOptions({
  queryKey: queryKeys.videos.recent,
  queryFn: async ({ signal }): Promise<VideoOut[]> => (await request<PageVideoOut>({ url: "api/videos", signal, params: { sort: "newest", limit: MOST_RECENT } })).items,
  refetchInterval: REST_MS,
});
