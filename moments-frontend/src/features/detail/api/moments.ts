import { queryOptions, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { useAction } from "@/api/action";
import { type ApiError, request } from "@/api/client";
import { overOwn } from "@/api/overOwn";
import { queryKeys } from "@/api/queryKeys";
import type { AcceptedOut, CreateMoment, EditMoment, MomentOut, MomentsOut, StartOptions } from "@/api/types";

/** The final moments, with all that users made or edited, in time order. */
export const moments = (videoId: string) =>
  queryOptions<MomentOut[], ApiError>({
    queryKey: queryKeys.moments.of(videoId),
    queryFn: async ({ signal, client, queryKey }) => {
      const { items } = await request<MomentsOut>({ url: `api/videos/${videoId}/moments`, signal });
      // Beside writes under way, what they show stays: this answer may be older, and the last of them asks again.
      const shown = client.isMutating({ mutationKey: queryKey }) > 0 ? client.getQueryData<MomentOut[]>(queryKey) : undefined;
      return shown ?? items;
    },
  });

/** Writes to moments. Each promise resolves or rejects for its own caller, even where other writes follow at once. */
export interface MomentWrites {
  edit: (asked: { id: string; fields: EditMoment; etag: string }) => Promise<MomentOut>;
  create: (asked: CreateMoment) => Promise<MomentOut>;
  remove: (asked: { id: string; etag: string }) => Promise<unknown>;
  restore: (id: string) => Promise<MomentOut>;
}

/** Writes change what is shown at once, and back again when the server refuses. The functions stay the same for the same video. */
export function useMomentWrites(videoId: string): MomentWrites {
  const client = useQueryClient();
  const key = queryKeys.moments.of(videoId);
  const url = `api/videos/${videoId}/moments`;
  // One write after the other: an undo must not overtake the write that it undoes.
  const inTurn = { mutationKey: key, scope: { id: `moments-${videoId}` } };
  // Only the last of several writes has the list read again: an answer before that would undo what is shown of those that wait. It is not
  // awaited, so that the next write does not wait for it.
  const settle = () => {
    if (client.isMutating({ mutationKey: key }) === 1) void client.invalidateQueries({ queryKey: key });
  };
  const change = (make: (now: MomentOut[]) => MomentOut[]) => {
    const before = client.getQueryData<MomentOut[]>(key);
    if (before !== undefined)
      client.setQueryData(
        key,
        make(before).sort((a, b) => a.start_time - b.start_time),
      );
    return { before };
  };
  const rollBack = (_: unknown, __: unknown, context: { before: MomentOut[] | undefined } | undefined) => {
    if (context?.before !== undefined) client.setQueryData(key, context.before);
  };
  // The tag is looked up when the write's turn comes: an own change before it may have made another version.
  const { mutateAsync: edit } = useAction<MomentOut, { id: string; fields: EditMoment; etag: string }, { before: MomentOut[] | undefined }>({
    ...inTurn,
    mutationFn: ({ id, fields, etag }) => overOwn(etag, (tag) => request({ method: "PATCH", url: `${url}/${id}`, data: fields, headers: { "If-Match": tag } })),
    onMutate: async ({ id, fields }) => {
      await client.cancelQueries({ queryKey: key });
      const moved = fields.start_time !== undefined || fields.end_time !== undefined;
      const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value != null)) as Partial<MomentOut>;
      return change((now) => now.map((one) => (one.identifier === id ? { ...one, ...given, ...(moved ? { clip: null, clip_error: null } : {}) } : one)));
    },
    onError: rollBack,
    onSettled: settle,
  });
  const { mutateAsync: create } = useAction<MomentOut, CreateMoment>({
    ...inTurn,
    mutationFn: (data) => request({ method: "POST", url, data }),
    onSettled: settle,
  });
  const { mutateAsync: remove } = useAction<unknown, { id: string; etag: string }, { before: MomentOut[] | undefined }>({
    ...inTurn,
    mutationFn: ({ id, etag }) => overOwn(etag, (tag) => request({ method: "DELETE", url: `${url}/${id}`, headers: { "If-Match": tag } })),
    onMutate: async ({ id }) => {
      await client.cancelQueries({ queryKey: key });
      return change((now) => now.filter((one) => one.identifier !== id));
    },
    onError: rollBack,
    onSettled: settle,
  });
  const { mutateAsync: restore } = useAction<MomentOut, string>({
    ...inTurn,
    mutationFn: (id) => request({ method: "POST", url: `${url}/${id}/restore` }),
    onSettled: settle,
  });
  return useMemo(() => ({ edit, create, remove, restore }), [edit, create, remove, restore]);
}

/** Starts a run that cuts the moments without a clip, or with a clip of other bounds. */
export function useCutClips(videoId: string) {
  const client = useQueryClient();
  return useAction<AcceptedOut>({
    mutationFn: () => request({ method: "POST", url: `api/videos/${videoId}/extract-clips` }),
    onSuccess: () => client.invalidateQueries({ queryKey: queryKeys.runs.all }),
  });
}

/** Starts a run in which the model sets one moment's boundaries anew. Only for moments that no user made or edited. */
export function useRefineAgain(videoId: string) {
  const client = useQueryClient();
  return useAction<AcceptedOut, string>({
    mutationFn: (id) => request({ method: "POST", url: `api/videos/${videoId}/moments/${id}/refine` }),
    onSuccess: () => client.invalidateQueries({ queryKey: queryKeys.runs.all }),
  });
}

/** Starts another search for moments. What users made or edited stays. */
export function useGenerateAgain(videoId: string) {
  const client = useQueryClient();
  return useAction<AcceptedOut, Partial<StartOptions>>({
    mutationFn: (data) => request({ method: "POST", url: `api/videos/${videoId}/moments/generate`, data }),
    onSuccess: () => client.invalidateQueries({ queryKey: queryKeys.runs.all }),
  });
}
