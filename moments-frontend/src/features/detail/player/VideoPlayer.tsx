import { Alert, Box, Card, IconButton, Stack, Tooltip, Typography } from "@mui/material";
import { useQuery } from "@tanstack/react-query";
import { Pause, Play, SkipBack, SkipForward } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import type { VideoOut } from "@/api/types";
import { formatTime } from "@/lib/time";
import { stream } from "../api/media";
import { usePlayer, usePlaying, useTimeOf } from "./player";

const RATES = [0.5, 0.75, 1, 1.25, 1.5, 2] as const;
// A limit, so that a file that can't be played is not requested forever.
const MOST_TRIES = 3;

/** Plays the source from a signed address, which is renewed without losing the position (F76). */
export function VideoPlayer({ video }: { video: VideoOut }) {
  const { attach, load, look, seek, setRate: setSpeed, time, toggle } = usePlayer();
  const { data, refetch, error } = useQuery({ ...stream(video.identifier), enabled: video.stored });
  const [renewals, setRenewals] = useState(0);
  const [broken, setBroken] = useState(false);
  const [rate, setRate] = useState<number>(1);
  const tries = useRef(0);
  const url = data?.url;

  useEffect(() => (url === undefined ? undefined : load(url)), [url, renewals, load]);

  const onError = () => {
    if (tries.current >= MOST_TRIES) {
      setBroken(true);
      return;
    }
    tries.current += 1;
    // The same address may come again: it is still loaded again.
    void refetch().then(() => setRenewals((now) => now + 1));
  };

  if (!video.stored)
    return (
      <Alert severity="info" variant="outlined">
        The video has not been downloaded yet.
      </Alert>
    );
  return (
    <Card sx={{ overflow: "hidden" }}>
      <Box sx={{ bgcolor: "#000", aspectRatio: "16 / 9", maxHeight: "56vh", width: 1, position: "relative" }}>
        {/* The transcript beside the video has the text of what is said. */}
        {/* eslint-disable-next-line jsx-a11y/media-has-caption */}
        <video
          ref={attach}
          aria-label={video.title}
          preload="metadata"
          playsInline
          poster={video.thumbnail?.url}
          style={{ width: "100%", height: "100%", display: "block" }}
          onError={onError}
          onCanPlay={() => {
            tries.current = 0;
            setBroken(false);
          }}
          onPlay={look}
          onPause={look}
          onTimeUpdate={look}
          onSeeked={look}
          onClick={toggle}
        />
      </Box>
      {(broken || error !== null) && (
        <Alert severity="error" square>
          {error?.message ?? "This browser can't play the file."} {error?.advice ?? "Moments, words and clips are there all the same: clips play everywhere."}
        </Alert>
      )}
      <Stack direction="row" sx={{ alignItems: "center", gap: { xs: 0, sm: 0.5 }, px: { xs: 0.5, sm: 1.5 }, py: 0.75, flexWrap: "wrap" }}>
        <Tooltip title="Back 5 s (J)">
          <IconButton aria-label="Back 5 seconds" onClick={() => seek(time.get() - 5)}>
            <SkipBack size={18} aria-hidden />
          </IconButton>
        </Tooltip>
        <PlayButton />
        <Tooltip title="On 5 s (L)">
          <IconButton aria-label="On 5 seconds" onClick={() => seek(time.get() + 5)}>
            <SkipForward size={18} aria-hidden />
          </IconButton>
        </Tooltip>
        <Clock duration={video.duration ?? 0} />
        <Box sx={{ flex: 1 }} />
        <Box
          component="select"
          aria-label="Speed"
          value={rate}
          onChange={(event) => {
            const value = Number(event.target.value);
            setRate(value);
            setSpeed(value);
          }}
          sx={{ font: "inherit", fontSize: 13, color: "text.primary", bgcolor: "background.paper", border: 1, borderColor: "divider", borderRadius: 2, px: 1, minHeight: 32 }}
        >
          {RATES.map((value) => (
            <option key={value} value={value}>
              {value}×
            </option>
          ))}
        </Box>
      </Stack>
    </Card>
  );
}

function PlayButton() {
  const { toggle } = usePlayer();
  const playing = usePlaying();
  const label = playing ? "Pause" : "Play";
  return (
    <Tooltip title={`${label} (Space)`}>
      <IconButton aria-label={label} onClick={toggle} color="primary">
        {playing ? <Pause size={22} aria-hidden /> : <Play size={22} aria-hidden />}
      </IconButton>
    </Tooltip>
  );
}

function Clock({ duration }: { duration: number }) {
  const now = useTimeOf((time) => formatTime(time));
  return (
    <Typography
      variant="body2"
      component="span"
      data-testid="clock"
      sx={{ fontVariantNumeric: "tabular-nums", fontSize: { xs: 13, sm: 14 }, ml: { xs: 0.5, sm: 1 }, whiteSpace: "nowrap" }}
    >
      {now}{" "}
      <Box component="span" sx={{ color: "text.secondary" }}>
        / {formatTime(duration)}
      </Box>
    </Typography>
  );
}
