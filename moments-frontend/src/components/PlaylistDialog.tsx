import { Box, Button, Checkbox, CircularProgress, Dialog, DialogActions, DialogContent, DialogTitle, FormControlLabel, Stack, Typography } from "@mui/material";
import { useCallback, useEffect, useRef, useState } from "react";
import { MOST_LISTED, useListSource } from "@/api/generate";
import type { ListedVideoOut } from "@/api/types";
import { ErrorState } from "./ErrorState";

/** How many are selected at first: one key press must not start a channel of thousands. */
const MOST_CHOSEN = 10;

interface Props {
  url: string;
  onClose: () => void;
  onStart: (videos: readonly ListedVideoOut[]) => void;
}

/** Asks which videos of a playlist or a channel to start. Nothing starts before the user confirms. */
export function PlaylistDialog({ url, onClose, onStart }: Props) {
  const { mutate, data, error, isPending } = useListSource();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const asked = useRef("");
  const look = useCallback(() => mutate(url, { onSuccess: (found) => setChosen(new Set(found.videos.slice(0, MOST_CHOSEN).map((video) => video.url))) }), [mutate, url]);
  useEffect(() => {
    // Runs once for each address.
    if (asked.current === url) return;
    asked.current = url;
    look();
  }, [url, look]);
  const videos = data?.videos ?? [];
  const picked = videos.filter((video) => chosen.has(video.url));
  const toggle = (one: string) =>
    setChosen((now) => {
      const next = new Set(now);
      if (!next.delete(one)) next.add(one);
      return next;
    });
  const single = data !== undefined && videos.length === 0;
  return (
    <Dialog open onClose={onClose} fullWidth maxWidth="sm" aria-labelledby="playlist-title">
      <DialogTitle id="playlist-title" sx={{ overflowWrap: "anywhere" }}>
        {videos.length > 0 && data?.title ? data.title : "Which videos?"}
      </DialogTitle>
      <DialogContent sx={{ minHeight: 160 }}>
        {isPending && (
          <Stack direction="row" role="status" sx={{ gap: 2, alignItems: "center", py: 4, justifyContent: "center" }}>
            <CircularProgress size={22} aria-label="Looking at the link" />
            <Typography color="text.secondary">Looking for videos…</Typography>
          </Stack>
        )}
        {error && <ErrorState error={error} onRetry={look} />}
        {single && <Typography color="text.secondary">This link leads to a single video, not to a list.</Typography>}
        {videos.length > 0 && (
          <>
            <Stack direction="row" sx={{ alignItems: "center", gap: 1, mb: 0.5 }}>
              <Typography variant="body2" color="text.secondary" sx={{ flex: 1 }}>
                {capOf(videos.length, data?.total ?? null)}
              </Typography>
              <Button size="small" onClick={() => setChosen(new Set(videos.map((video) => video.url)))}>
                All
              </Button>
              <Button size="small" onClick={() => setChosen(new Set())}>
                None
              </Button>
            </Stack>
            <Box component="ul" aria-label="Videos of the list" sx={{ listStyle: "none", p: 0, m: 0 }}>
              {videos.map((video) => (
                <Box component="li" key={video.url} sx={{ borderTop: 1, borderColor: "divider" }}>
                  <FormControlLabel
                    sx={{ m: 0, width: 1, py: 0.25 }}
                    control={<Checkbox size="small" checked={chosen.has(video.url)} onChange={() => toggle(video.url)} />}
                    label={
                      <Typography variant="body2" component="span" sx={{ overflowWrap: "anywhere" }}>
                        {video.title || video.url}
                      </Typography>
                    }
                  />
                </Box>
              ))}
            </Box>
          </>
        )}
      </DialogContent>
      <DialogActions>
        <Button color="inherit" onClick={onClose}>
          Close
        </Button>
        {single ? (
          <Button variant="contained" onClick={() => onStart([{ url, title: "" }])}>
            Find moments
          </Button>
        ) : (
          <Button variant="contained" disabled={picked.length === 0} onClick={() => onStart(picked)}>
            {picked.length === 0 ? "Find moments" : `Find moments in ${picked.length}`}
          </Button>
        )}
      </DialogActions>
    </Dialog>
  );
}

/** Says how many there are, and that not all of them are shown. */
function capOf(shown: number, total: number | null): string {
  if (total !== null && total > shown) return `The first ${shown} of ${total} videos.`;
  if (total === null && shown >= MOST_LISTED) return `The first ${shown} videos; there may be more.`;
  return shown === 1 ? "One video." : `${shown} videos.`;
}
