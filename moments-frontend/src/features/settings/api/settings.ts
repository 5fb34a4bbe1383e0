import { queryOptions, useQueryClient } from "@tanstack/react-query";
import { useAction } from "@/api/action";
import { type ApiError, request } from "@/api/client";
import { queryKeys } from "@/api/queryKeys";
import type { CreateKey, KeyOut, ModelBody, ModelOut, ModelTestOut, NewKeyOut, PageKeyOut, ReadyOut } from "@/api/types";

const LOOK_MS = 10_000;

/** The state of the parts: database, Redis, store, workers, queue. When they are not ready the API answers 503, with the same body. */
export const readiness = queryOptions({
  queryKey: queryKeys.ready,
  queryFn: ({ signal }) => request<ReadyOut>({ url: "ready", signal, validateStatus: (status) => status === 200 || status === 503 }),
  refetchInterval: LOOK_MS,
});

export const keys = queryOptions<KeyOut[], ApiError>({
  queryKey: queryKeys.keys,
  queryFn: async ({ signal }) => (await request<PageKeyOut>({ url: "api/admin/keys", signal })).items,
});

export function useCreateKey() {
  const client = useQueryClient();
  return useAction<NewKeyOut, CreateKey>({
    mutationFn: (data) => request({ method: "POST", url: "api/admin/keys", data }),
    onSuccess: () => client.invalidateQueries({ queryKey: queryKeys.keys }),
  });
}

export function useRevokeKey() {
  const client = useQueryClient();
  return useAction<KeyOut, string>({
    mutationFn: (id) => request({ method: "DELETE", url: `api/admin/keys/${id}` }),
    onSuccess: () => client.invalidateQueries({ queryKey: queryKeys.keys }),
  });
}

/** Adds a model, or changes it if it still has the version of the tag. */
export function useSaveModel() {
  const client = useQueryClient();
  return useAction<ModelOut, { body: ModelBody; etag: string | null }>({
    mutationFn: ({ body, etag }) =>
      etag === null
        ? request({ method: "POST", url: "api/admin/models", data: body })
        : request({ method: "PUT", url: `api/admin/models/${body.key}`, data: body, headers: { "If-Match": etag } }),
    onSuccess: () => client.invalidateQueries({ queryKey: queryKeys.models.all }),
  });
}

export function useRemoveModel() {
  const client = useQueryClient();
  return useAction<unknown, ModelOut>({
    mutationFn: ({ key, etag }) => request({ method: "DELETE", url: `api/admin/models/${key}`, headers: { "If-Match": etag } }),
    onSuccess: () => client.invalidateQueries({ queryKey: queryKeys.models.all }),
  });
}

// A model that thinks for minutes is asked twice: for a whole answer, and for a stream.
const TEST_MS = 1_800_000;

/**
 * Tests a model: connection, identity, answers, and how its server must be asked; each step with its time. May take a minute, and much
 * longer for a slow model.
 */
export function useTestModel() {
  const client = useQueryClient();
  return useAction<ModelTestOut, string>({
    mutationFn: (key) => request({ method: "POST", url: `api/admin/models/${key}/test`, timeout: TEST_MS }),
    onSuccess: () => client.invalidateQueries({ queryKey: queryKeys.models.all }),
  });
}
