/**
 * The key of every query, from general to special: invalidating `all` includes everything below it. A list's filter is a part of its key.
 */
export const queryKeys = {
  health: ["health"],
  ready: ["ready"],
  me: ["me"],
  keys: ["keys"],
  models: {
    all: ["models"],
    up: (key: string) => ["models", key, "up"] as const,
  },
  runs: {
    all: ["runs"],
    overview: ["runs", "overview"],
    figures: ["runs", "figures"],
    queued: ["runs", "queued"],
    past: ["runs", "past"],
    status: (videoId: string) => ["runs", "status", videoId] as const,
    pages: (filter: object, limit: number) => ["runs", "pages", filter, limit] as const,
  },
  videos: {
    all: ["videos"],
    recent: ["videos", "recent"],
    one: (videoId: string) => ["videos", "one", videoId] as const,
    pages: (filter: object) => ["videos", "pages", filter] as const,
  },
  moments: ofVideos("moments"),
  transcript: ofVideos("transcript"),
  waveform: ofVideos("waveform"),
  shots: ofVideos("shots"),
  silences: ofVideos("silences"),
  source: ofVideos("source"),
  stream: ofVideos("stream"),
} as const;

/** Returns the keys of everything that a run of a video may change, besides the runs themselves. */
export const changedByRuns = [
  queryKeys.videos.all,
  queryKeys.moments.all,
  queryKeys.transcript.all,
  queryKeys.waveform.all,
  queryKeys.shots.all,
  queryKeys.silences.all,
  queryKeys.source.all,
  queryKeys.stream.all,
] as const;

/** Returns the keys of everything that a new or a dismissed run changes at once. */
export const listingRuns = [queryKeys.runs.all, queryKeys.videos.all] as const;

function ofVideos<Name extends string>(name: Name) {
  return { all: [name], of: (videoId: string) => [name, videoId] as const } as const;
}
