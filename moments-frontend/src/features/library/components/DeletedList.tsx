import { Box, Button, Card, Typography } from "@mui/material";
import { RotateCcw } from "lucide-react";
import type { VideoOut } from "@/api/types";
import { useRestoreVideos } from "@/api/videos";
import { Allowed } from "@/components/Allowed";
import { useNotify, useNotifyError } from "@/hooks/useNotify";
import { useNow } from "@/hooks/useNow";
import { formatDuration } from "@/lib/time";

interface Props {
  videos: readonly VideoOut[];
  more: (() => void) | null;
}

/** Lists what was deleted in the last ten minutes, each with the time that is left to restore it. */
export function DeletedList({ videos, more }: Props) {
  const now = useNow(true);
  const restore = useRestoreVideos();
  const notify = useNotify();
  const onError = useNotifyError();
  const left = videos.map((video) => ({ video, seconds: (Date.parse(video.restorable_until ?? "") - now) / 1000 })).filter(({ seconds }) => seconds > 0);
  return (
    <>
      <Card component="ul" aria-label="Deleted videos" sx={{ listStyle: "none", p: 0, m: 0 }}>
        {left.map(({ video, seconds }) => (
          <Box
            component="li"
            key={video.identifier}
            sx={{ display: "flex", alignItems: "center", gap: 2, px: 2, py: 1.25, "&:not(:last-of-type)": { borderBottom: 1, borderColor: "divider" } }}
          >
            <Box sx={{ flex: 1, minWidth: 0 }}>
              <Typography noWrap sx={{ fontWeight: 600 }}>
                {video.title}
              </Typography>
              <Typography variant="caption" color="text.secondary" sx={{ fontVariantNumeric: "tabular-nums" }}>
                {formatDuration(seconds)} left to restore it
              </Typography>
            </Box>
            <Allowed>
              <Button
                variant="outlined"
                size="small"
                startIcon={<RotateCcw size={15} aria-hidden />}
                aria-label={`Restore ${video.title}`}
                disabled={restore.isPending}
                onClick={() => restore.mutate([video.identifier], { onError, onSuccess: () => notify({ message: `“${video.title}” is restored.` }) })}
              >
                Restore
              </Button>
            </Allowed>
          </Box>
        ))}
      </Card>
      {more !== null && (
        <Button sx={{ mt: 2 }} onClick={more}>
          Show more
        </Button>
      )}
    </>
  );
}
