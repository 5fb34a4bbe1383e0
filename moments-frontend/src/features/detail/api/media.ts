import { queryOptions, useQueryClient } from "@tanstack/react-query";
import { useAction } from "@/api/action";
import { type ApiError, request, toApiError } from "@/api/client";
import { overOwn } from "@/api/overOwn";
import { queryKeys } from "@/api/queryKeys";
import type { CorrectWord, ShotsOut, SilencesOut, SourceOut, StreamOut, TranscriptOut, WaveformOut } from "@/api/types";
import { untilRefresh } from "../player/expiry";

/** The signed address of the source, renewed five minutes before it expires. */
export const stream = (videoId: string) =>
  queryOptions<StreamOut, ApiError>({
    queryKey: queryKeys.stream.of(videoId),
    queryFn: ({ signal }) => request<StreamOut>({ url: `api/videos/${videoId}/stream`, signal }),
    staleTime: Infinity,
    gcTime: 0,
    refetchOnWindowFocus: (query) => query.state.data !== undefined && untilRefresh(query.state.data.expires_at) <= 0,
    refetchInterval: (query) => (query.state.data === undefined ? false : Math.max(1_000, untilRefresh(query.state.data.expires_at))),
    refetchIntervalInBackground: true,
  });

const NOT_THERE = 404;

/** Resolves to null where the recording has none yet (404). */
function optional<Answer>(asked: Promise<Answer>): Promise<Answer | null> {
  return asked.catch((error: unknown) => {
    if (toApiError(error).status === NOT_THERE) return null;
    throw error;
  });
}

export const waveform = (videoId: string) =>
  queryOptions<WaveformOut | null, ApiError>({
    queryKey: queryKeys.waveform.of(videoId),
    queryFn: ({ signal }) => optional(request<WaveformOut>({ url: `api/videos/${videoId}/waveform`, signal, params: { points: 6000 } })),
    staleTime: 600_000,
  });

export const shots = (videoId: string) =>
  queryOptions<ShotsOut | null, ApiError>({
    queryKey: queryKeys.shots.of(videoId),
    queryFn: ({ signal }) => optional(request<ShotsOut>({ url: `api/videos/${videoId}/shots`, signal })),
    staleTime: 600_000,
  });

export const silences = (videoId: string) =>
  queryOptions<SilencesOut | null, ApiError>({
    queryKey: queryKeys.silences.of(videoId),
    queryFn: ({ signal }) => optional(request<SilencesOut>({ url: `api/videos/${videoId}/silences`, signal })),
    staleTime: 600_000,
    structuralSharing: false,
  });

/** The recording's author, captions and frame rate. */
export const source = (videoId: string) =>
  queryOptions<SourceOut, ApiError>({
    queryKey: queryKeys.source.of(videoId),
    queryFn: ({ signal }) => request<SourceOut>({ url: `api/videos/${videoId}/source`, signal }),
    staleTime: 600_000,
  });

export const transcript = (videoId: string) =>
  queryOptions<TranscriptOut | null, ApiError>({
    queryKey: queryKeys.transcript.of(videoId),
    queryFn: ({ signal }) => optional(request<TranscriptOut>({ url: `api/videos/${videoId}/transcript`, signal })),
    staleTime: 60_000,
    // Comparing tens of thousands of words one by one would be slow.
    structuralSharing: false,
  });

export function useCorrectWords(videoId: string) {
  const client = useQueryClient();
  const queryKey = queryKeys.transcript.of(videoId);
  return useAction<TranscriptOut, { words: CorrectWord[]; etag: string }>({
    // One after the other: the second is based on the version that the first makes.
    scope: { id: `transcript-${videoId}` },
    mutationFn: ({ words, etag }) => overOwn(etag, (tag) => request({ method: "PATCH", url: `api/videos/${videoId}/transcript`, data: { words }, headers: { "If-Match": tag } })),
    onSuccess: async (data) => {
      // What was asked before the correction would show the words before it.
      await client.cancelQueries({ queryKey });
      client.setQueryData(queryKey, data);
    },
  });
}
