import { queryOptions } from "@tanstack/react-query";
import { request } from "./client";
import type { ModelOut, PageModelOut } from "./types";

/** Every model service that is registered. */
export const models = queryOptions({
  queryKey: ["models"],
  queryFn: async ({ signal }): Promise<ModelOut[]> => (await request<PageModelOut>({ url: "api/admin/models", signal })).items,
  staleTime: 30_000,
});
