import { queryOptions } from "@tanstack/react-query";
import { request } from "@/api/client";
import { queryKeys } from "@/api/queryKeys";
import type { PageRunOut, ReadyOut } from "@/api/types";

/** What an operator watches. A figure that is not known is null. */
export interface Figures {
  running: string;
  failed: string;
  waiting: number | null;
  workers: number | null;
}

const MOST = 100;
const EVERY_MS = 5_000;

/** How many runs there are of each kind, and how many workers. */
export const figures = queryOptions({
  queryKey: queryKeys.runs.figures,
  queryFn: async ({ signal }): Promise<Figures> => {
    const count = async (status: string) => {
      const { items, next_cursor: more } = await request<PageRunOut>({ url: "api/pipeline", signal, params: { status, limit: MOST } });
      return more == null ? items.length.toString() : `${items.length}+`;
    };
    const [running, failed, ready] = await Promise.all([
      count("processing"),
      count("failed"),
      // When it is not ready it answers 503, with the same body.
      request<ReadyOut>({ url: "ready", signal, validateStatus: (status) => status === 200 || status === 503 }).catch(() => null),
    ]);
    return { running, failed, waiting: ready?.queued ?? null, workers: ready?.workers ?? null };
  },
  refetchInterval: () => (document.hidden ? false : EVERY_MS),
});
