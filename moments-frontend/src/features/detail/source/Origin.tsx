import { Link } from "@mui/material";
import type { SourceOut, VideoOut } from "@/api/types";

/** Shows where the recording came from, and what its source says about it. */
export function Origin({ video, from }: { video: VideoOut; from: SourceOut | undefined }) {
  const languages = [...new Set(from?.captions.map((one) => one.language))];
  const told = [
    from?.uploader,
    from?.published == null ? null : new Date(`${from.published}T12:00`).toLocaleDateString(undefined, { dateStyle: "medium" }),
    languages.length === 0 ? null : `captions: ${languages.join(", ")}`,
  ].filter((part) => part != null);
  return (
    <span style={{ overflowWrap: "anywhere" }}>
      {/^https?:/.test(from?.page ?? video.source) ? (
        <Link href={from?.page ?? video.source} target="_blank" rel="noreferrer" color="inherit" underline="always">
          {from?.page ?? video.source}
        </Link>
      ) : (
        video.source
      )}
      {told.map((part) => ` · ${part}`)}
    </span>
  );
}
