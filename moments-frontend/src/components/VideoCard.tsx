import { Skeleton } from "@mui/material";
import { styled } from "@mui/material/styles";
import { memo } from "react";
import { Link } from "react-router";
import type { VideoOut } from "@/api/types";
import { Allowed } from "@/components/Allowed";
import { StatusChip } from "@/components/StatusChip";
import { Thumbnail } from "@/components/Thumbnail";
import { momentsInWords } from "@/lib/momentCount";
import { formatAgo, formatTime } from "@/lib/time";

interface Props {
  video: VideoOut;
  chosen?: boolean;
  /** Selects it or takes it out of the selection. Without it, there is no checkbox. */
  onToggle?: (id: string) => void;
}

/** Shows a video as a card: a still with its title, duration, and the status of its newest run. */
export const VideoCard = memo(function VideoCard({ video, chosen = false, onToggle }: Props) {
  return (
    <CardFrame data-chosen={chosen}>
      <Link to={`/videos/${video.identifier}`}>
        <div className="still">
          <Thumbnail url={video.thumbnail?.url} />
          {video.duration !== null && <span className="length">{formatTime(video.duration, { tenths: false })}</span>}
        </div>
        <div className="text">
          <p className="name" title={video.title}>
            {video.title}
          </p>
          <p className="state">
            <StatusChip status={video.status} />
            <span title={video.nothing?.message}>{momentsInWords(video) || formatAgo(video.created_at)}</span>
          </p>
        </div>
      </Link>
      {onToggle && (
        <Allowed>
          <input type="checkbox" className="choose" checked={chosen} onChange={() => onToggle(video.identifier)} aria-label={`Select ${video.title}`} />
        </Allowed>
      )}
    </CardFrame>
  );
});

/** Keeps the place of a card that is being loaded. */
export function VideoCardSkeleton() {
  return (
    <CardFrame aria-hidden>
      <Skeleton variant="rectangular" height="auto" sx={{ aspectRatio: "16 / 9" }} />
      <div className="text">
        <Skeleton height={23} width="80%" />
        <div className="state">
          <Skeleton width="45%" />
        </div>
      </div>
    </CardFrame>
  );
}

/** One style for all parts of a card, because hundreds are mounted and unmounted while the library scrolls. */
const CardFrame = styled("div")({
  position: "relative",
  marginBottom: 16,
  overflow: "hidden",
  border: "1px solid var(--mui-palette-divider)",
  borderRadius: 10,
  backgroundColor: "var(--mui-palette-background-paper)",
  "&[data-chosen=true]": { borderColor: "var(--mui-palette-primary-main)" },
  "& a": { display: "block", color: "inherit", textDecoration: "none" },
  "& .still": { position: "relative" },
  "& .length": {
    position: "absolute",
    right: 8,
    bottom: 8,
    padding: "0 6px",
    borderRadius: 6,
    fontSize: 13,
    background: "rgb(0 0 0 / 75%)",
    color: "#fff",
    fontVariantNumeric: "tabular-nums",
  },
  "& .text": { padding: 12 },
  "& p": { margin: 0 },
  "& .name": { fontWeight: 600, fontSize: 15, overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" },
  "& .state": {
    marginTop: 8,
    display: "flex",
    gap: 8,
    alignItems: "center",
    minHeight: 24,
    fontSize: 13,
    color: "var(--mui-palette-text-secondary)",
    whiteSpace: "nowrap",
    overflow: "hidden",
  },
  "& .choose": { position: "absolute", left: 10, top: 10, width: 22, height: 22, margin: 0, cursor: "pointer", accentColor: "var(--mui-palette-primary-main)" },
  // A touch screen has no hover: there it is always visible.
  "@media (hover: hover)": { "& .choose": { opacity: 0 }, "&:hover .choose, & .choose:focus-visible, & .choose:checked": { opacity: 1 } },
});
