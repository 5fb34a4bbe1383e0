import { Box, Link as MuiLink, Typography } from "@mui/material";
import { memo } from "react";
import { Link } from "react-router";
import type { VideoOut } from "@/api/types";
import { Allowed } from "@/components/Allowed";
import { StatusChip } from "@/components/StatusChip";
import { Thumbnail } from "@/components/Thumbnail";
import { formatBytes } from "@/lib/bytes";
import { momentsInWords } from "@/lib/momentCount";
import { formatAgo, formatTime } from "@/lib/time";

interface Props {
  video: VideoOut;
  chosen: boolean;
  onToggle: (id: string) => void;
}

/** Shows a video as a line. */
export const VideoLine = memo(function VideoLine({ video, chosen, onToggle }: Props) {
  return (
    <Box
      sx={{
        display: "grid",
        alignItems: "center",
        gap: 1.5,
        gridTemplateColumns: { xs: "auto 72px minmax(0, 1fr) auto", md: "auto 96px minmax(0, 1fr) 110px 90px 100px 120px" },
        borderBottom: 1,
        borderColor: "divider",
        height: 1,
      }}
    >
      <Allowed otherwise={<span />}>
        <Box
          component="input"
          type="checkbox"
          checked={chosen}
          onChange={() => onToggle(video.identifier)}
          aria-label={`Select ${video.title}`}
          sx={{ width: 20, height: 20, m: 1, accentColor: "var(--mui-palette-primary-main)" }}
        />
      </Allowed>
      <Box sx={{ borderRadius: 1, overflow: "hidden" }}>
        <Thumbnail url={video.thumbnail?.url} />
      </Box>
      <Box sx={{ minWidth: 0 }}>
        <MuiLink component={Link} to={`/videos/${video.identifier}`} color="inherit" noWrap sx={{ display: "block", fontWeight: 600 }}>
          {video.title}
        </MuiLink>
        <Typography variant="caption" color="text.secondary" noWrap component="p">
          {video.source}
        </Typography>
      </Box>
      <Box>
        <StatusChip status={video.status} />
      </Box>
      {[
        video.duration === null ? "" : formatTime(video.duration, { tenths: false }),
        momentsInWords(video),
        video.size_bytes === null ? formatAgo(video.created_at) : formatBytes(video.size_bytes),
      ].map((text, index) => (
        <Typography key={index} variant="caption" color="text.secondary" sx={{ display: { xs: "none", md: "block" }, fontVariantNumeric: "tabular-nums" }}>
          {text}
        </Typography>
      ))}
    </Box>
  );
});
