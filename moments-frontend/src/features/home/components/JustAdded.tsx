import { Box, Button, IconButton, Stack, Tooltip, Typography } from "@mui/material";
import { X } from "lucide-react";
import { Link } from "react-router";
import { unwatch, useWatched, watch, type Watched } from "@/api/watched";
import { RunCard } from "@/components/RunCard";

/** Shows the runs that this tab has started, live, newest first. */
export function JustAdded() {
  const watched = useWatched();
  if (watched.length === 0) return null;
  return (
    <Box component="section" aria-label="Just added">
      <Typography variant="h2">Just added</Typography>
      <Typography variant="body2" color="text.secondary" sx={{ mb: 1.5 }}>
        You can leave this page: the work goes on without it.
      </Typography>
      <Stack spacing={2}>
        {watched.map((one) => (
          <RunCard
            key={one.videoId}
            videoId={one.videoId}
            title={one.title}
            onDismissed={(dismissed) => {
              if (dismissed) unwatch(one.videoId);
              else watch(one);
            }}
            whenDone={<WhenDone {...one} />}
          />
        ))}
      </Stack>
    </Box>
  );
}

function WhenDone({ videoId, title }: Watched) {
  return (
    <Stack direction="row" spacing={1}>
      <Button component={Link} to={`/videos/${videoId}`} variant="contained" size="small">
        See the moments
      </Button>
      <Tooltip title="Remove from this list">
        <IconButton size="small" aria-label={`Remove ${title} from this list`} onClick={() => unwatch(videoId)}>
          <X size={16} aria-hidden />
        </IconButton>
      </Tooltip>
    </Stack>
  );
}
