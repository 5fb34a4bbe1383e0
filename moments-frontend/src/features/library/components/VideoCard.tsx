import { Box, Card, Checkbox, Stack, Typography } from "@mui/material";
import { memo } from "react";
import { Link } from "react-router";
import type { VideoOut } from "@/api/types";
import { StatusChip } from "@/components/StatusChip";
import { Thumbnail } from "@/components/Thumbnail";
import { formatAgo, formatTime } from "@/lib/time";

interface Props {
  video: VideoOut;
  chosen: boolean;
  onToggle: (id: string) => void;
}

/** A video as a still with its title, how long it is, and how its newest run went. */
export const VideoCard = memo(function VideoCard({ video, chosen, onToggle }: Props) {
  return (
    <Card sx={{ position: "relative", mb: 2, borderColor: chosen ? "primary.main" : "divider", "&:hover .choose, .choose:focus-within, .choose[data-chosen=true]": { opacity: 1 } }}>
      <Box component={Link} to={`/videos/${video.identifier}`} sx={{ display: "block", color: "inherit", textDecoration: "none" }}>
        <Box sx={{ position: "relative" }}>
          <Thumbnail url={video.thumbnail?.url} />
          {video.duration !== null && (
            <Typography variant="caption" sx={{ position: "absolute", right: 8, bottom: 8, px: 0.75, borderRadius: 1, bgcolor: "rgb(0 0 0 / 75%)", color: "#fff", fontVariantNumeric: "tabular-nums" }}>
              {formatTime(video.duration, { tenths: false })}
            </Typography>
          )}
        </Box>
        <Box sx={{ p: 1.5 }}>
          <Typography noWrap sx={{ fontWeight: 600 }} title={video.title}>
            {video.title}
          </Typography>
          <Stack direction="row" sx={{ mt: 1, gap: 1, alignItems: "center", minHeight: 24 }}>
            <StatusChip status={video.status} />
            <Typography variant="caption" color="text.secondary" noWrap>
              {video.moment_count > 0 ? `${video.moment_count} moments` : formatAgo(video.created_at)}
            </Typography>
          </Stack>
        </Box>
      </Box>
      <Checkbox
        className="choose"
        data-chosen={chosen}
        size="small"
        checked={chosen}
        onChange={() => onToggle(video.identifier)}
        slotProps={{ input: { "aria-label": `Choose ${video.title}` } }}
        sx={{ position: "absolute", left: 6, top: 6, opacity: { xs: 1, md: 0 }, bgcolor: "background.paper", p: 0.5, "&:hover": { bgcolor: "background.paper" } }}
      />
    </Card>
  );
});
