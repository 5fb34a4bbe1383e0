import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { type ApiError, request } from "@/api/client";
import type { CreateKey, KeyOut, ModelBody, ModelOut, ModelTestOut, NewKeyOut, PageKeyOut, ReadyOut } from "@/api/types";

const LOOK_MS = 10_000;

/** How the parts do: database, Redis, store, workers, queue. Not ready answers 503, in the same words. */
export const readiness = queryOptions({
  queryKey: ["ready"],
  queryFn: ({ signal }) => request<ReadyOut>({ url: "ready", signal, validateStatus: (status) => status === 200 || status === 503 }),
  refetchInterval: LOOK_MS,
});

export const keys = queryOptions<KeyOut[], ApiError>({
  queryKey: ["keys"],
  queryFn: async ({ signal }) => (await request<PageKeyOut>({ url: "api/admin/keys", signal })).items,
});

export function useCreateKey() {
  const client = useQueryClient();
  return useMutation<NewKeyOut, ApiError, CreateKey>({
    mutationFn: (data) => request({ method: "POST", url: "api/admin/keys", data }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["keys"] }),
  });
}

export function useRevokeKey() {
  const client = useQueryClient();
  return useMutation<KeyOut, ApiError, string>({
    mutationFn: (id) => request({ method: "DELETE", url: `api/admin/keys/${id}` }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["keys"] }),
  });
}

/** Adds a model, or changes the one of that key. */
export function useSaveModel() {
  const client = useQueryClient();
  return useMutation<ModelOut, ApiError, { body: ModelBody; fresh: boolean }>({
    mutationFn: ({ body, fresh }) =>
      fresh ? request({ method: "POST", url: "api/admin/models", data: body }) : request({ method: "PUT", url: `api/admin/models/${body.key}`, data: body }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["models"] }),
  });
}

export function useRemoveModel() {
  const client = useQueryClient();
  return useMutation<unknown, ApiError, string>({
    mutationFn: (key) => request({ method: "DELETE", url: `api/admin/models/${key}` }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["models"] }),
  });
}

/** Way in, identity, answers: each step with its time. May take a minute. */
export function useTestModel() {
  return useMutation<ModelTestOut, ApiError, string>({
    mutationFn: (key) => request({ method: "POST", url: `api/admin/models/${key}/test`, timeout: 180_000 }),
  });
}
