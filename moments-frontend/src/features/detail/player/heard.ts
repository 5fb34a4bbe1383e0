import type { VideoOut } from "@/api/types";

/** Returns whether a recording has sound alone: where the browser finds no `pictures`, as a run has measured it, or by its type. */
export function isHeardOnly(video: Pick<VideoOut, "duration" | "resolution" | "content_type">, pictures: boolean | null): boolean {
  if (pictures === true) return false;
  if (video.duration !== null) return video.resolution === null;
  return video.content_type?.startsWith("audio/") === true || pictures === false;
}
