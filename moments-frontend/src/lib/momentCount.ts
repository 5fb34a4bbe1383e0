import type { VideoOut } from "@/api/types";

/** Returns how many moments a video has, or that a run found none; empty before one has ended. */
export function momentsInWords(video: Pick<VideoOut, "moment_count" | "nothing">): string {
  if (video.moment_count > 0) return video.moment_count === 1 ? "1 moment" : `${video.moment_count} moments`;
  return video.nothing?.code === "nothing_found" ? "no moments found" : "";
}
