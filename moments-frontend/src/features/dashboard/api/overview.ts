import { queryOptions } from "@tanstack/react-query";
import { request } from "@/api/client";
import { queryKeys } from "@/api/queryKeys";
import type { PageRunOut, ReadyOut, RunOut } from "@/api/types";

export interface Overview {
  active: RunOut[];
  failed: RunOut[];
  ended: RunOut[];
  ready: ReadyOut | null;
}

const MOST = 8;
const ACTIVE_MS = 3_000;
const REST_MS = 15_000;

/** The newest runs by status, and the state of the workers. Polled often only while something runs. */
export const overview = queryOptions({
  queryKey: queryKeys.runs.overview,
  queryFn: async ({ signal }): Promise<Overview> => {
    const page = (params: object) => request<PageRunOut>({ url: "api/pipeline", signal, params });
    const [queued, processing, failed, completed, ready] = await Promise.all([
      page({ status: "queued", limit: 50 }),
      page({ status: "processing", limit: 50 }),
      page({ status: "failed", limit: MOST }),
      page({ status: "completed", limit: MOST }),
      // When it is not ready it answers 503, with the same body.
      request<ReadyOut>({ url: "ready", signal, validateStatus: (status) => status === 200 || status === 503 }).catch(() => null),
    ]);
    return { active: [...processing.items, ...queued.items], failed: failed.items, ended: completed.items, ready };
  },
  refetchInterval: (query) => ((query.state.data?.active.length ?? 0) > 0 && !document.hidden ? ACTIVE_MS : REST_MS),
});
