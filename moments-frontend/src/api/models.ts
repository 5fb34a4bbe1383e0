import { queryOptions } from "@tanstack/react-query";
import { request } from "./client";
import { queryKeys } from "./queryKeys";
import type { ModelOut, ModelTestOut, PageModelOut } from "./types";

/** All registered model services. */
export const models = queryOptions({
  queryKey: queryKeys.models.all,
  queryFn: async ({ signal }): Promise<ModelOut[]> => (await request<PageModelOut>({ url: "api/admin/models", signal })).items,
  staleTime: 30_000,
});

/** Whether a model service is up and serves the right model. It gets no question. */
export const modelUp = (key: string) =>
  queryOptions({
    queryKey: queryKeys.models.up(key),
    queryFn: async ({ signal }): Promise<boolean> =>
      (await request<ModelTestOut>({ method: "POST", url: `api/admin/models/${key}/test`, params: { brief: true }, signal, timeout: 60_000 })).ok,
    staleTime: 60_000,
  });
