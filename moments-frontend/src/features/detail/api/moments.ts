import { queryOptions, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { useAction } from "@/api/action";
import { type ApiError, request } from "@/api/client";
import { queryKeys } from "@/api/queryKeys";
import type { AcceptedOut, CreateMoment, EditMoment, MomentOut, MomentsOut, StartOptions } from "@/api/types";
import { followed, madeOf } from "@/lib/ownTags";

/** The final moments with all that a person made or edited, in time order. */
export const moments = (videoId: string) =>
  queryOptions<MomentOut[], ApiError>({
    queryKey: queryKeys.moments.of(videoId),
    queryFn: async ({ signal }) => (await request<MomentsOut>({ url: `api/videos/${videoId}/moments`, signal })).items,
  });

/** Writes to moments. Each resolves or rejects for its own caller, also where others follow it at once. */
export interface MomentWrites {
  edit: (asked: { id: string; fields: EditMoment; etag: string }) => Promise<MomentOut>;
  create: (asked: CreateMoment) => Promise<MomentOut>;
  remove: (asked: { id: string; etag: string }) => Promise<unknown>;
  restore: (id: string) => Promise<MomentOut>;
}

/** What is shown changes at once, and back again when the server refuses. The same functions for as long as it is the same video. */
export function useMomentWrites(videoId: string): MomentWrites {
  const client = useQueryClient();
  const key = queryKeys.moments.of(videoId);
  const url = `api/videos/${videoId}/moments`;
  // One after the other: what is taken back at once must not overtake what it takes back.
  const scope = { id: `moments-${videoId}` };
  const settle = () => client.invalidateQueries({ queryKey: key });
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
  // The tag that is sent is looked up when its turn comes: an own change before it may have made another version.
  const { mutateAsync: edit } = useAction<MomentOut, { id: string; fields: EditMoment; etag: string }, { before: MomentOut[] | undefined }>({
    scope,
    mutationFn: async ({ id, fields, etag }) => {
      const seen = followed(etag);
      const now = await request<MomentOut>({ method: "PATCH", url: `${url}/${id}`, data: fields, headers: { "If-Match": seen } });
      madeOf(seen, now.etag);
      return now;
    },
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
    scope,
    mutationFn: (data) => request({ method: "POST", url, data }),
    onSettled: settle,
  });
  const { mutateAsync: remove } = useAction<unknown, { id: string; etag: string }, { before: MomentOut[] | undefined }>({
    scope,
    mutationFn: ({ id, etag }) => request({ method: "DELETE", url: `${url}/${id}`, headers: { "If-Match": followed(etag) } }),
    onMutate: ({ id }) => change((now) => now.filter((one) => one.identifier !== id)),
    onError: rollBack,
    onSettled: settle,
  });
  const { mutateAsync: restore } = useAction<MomentOut, string>({
    scope,
    mutationFn: (id) => request({ method: "POST", url: `${url}/${id}/restore` }),
    onSettled: settle,
  });
  return useMemo(() => ({ edit, create, remove, restore }), [edit, create, remove, restore]);
}

/** Cuts the moments that have no clip, or one with other bounds, as a run. */
export function useCutClips(videoId: string) {
  const client = useQueryClient();
  return useAction<AcceptedOut>({
    mutationFn: () => request({ method: "POST", url: `api/videos/${videoId}/extract-clips` }),
    onSuccess: () => client.invalidateQueries({ queryKey: queryKeys.runs.all }),
  });
}

/** Has the model set one moment's boundaries anew, as a run; only those that no person made or edited. */
export function useRefineAgain(videoId: string) {
  const client = useQueryClient();
  return useAction<AcceptedOut, string>({
    mutationFn: (id) => request({ method: "POST", url: `api/videos/${videoId}/moments/${id}/refine` }),
    onSuccess: () => client.invalidateQueries({ queryKey: queryKeys.runs.all }),
  });
}

/** Looks for moments again; what a person made or edited stays. */
export function useGenerateAgain(videoId: string) {
  const client = useQueryClient();
  return useAction<AcceptedOut, Partial<StartOptions>>({
    mutationFn: (data) => request({ method: "POST", url: `api/videos/${videoId}/moments/generate`, data }),
    onSuccess: () => client.invalidateQueries({ queryKey: queryKeys.runs.all }),
  });
}
