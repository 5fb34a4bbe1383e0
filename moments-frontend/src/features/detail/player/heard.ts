import type { VideoOut } from "@/api/types";

/** Returns whether a recording has sound alone: as a run has measured it, else by its type, else as the browser finds (`pictures`). */
export function isHeardOnly(video: Pick<VideoOut, "duration" | "resolution" | "content_type">, pictures: boolean | null): boolean {
  if (video.duration !== null) return video.resolution === null;
  return video.content_type?.startsWith("audio/") === true || pictures === false;
}
