import { Alert, Card } from "@mui/material";
import { styled } from "@mui/material/styles";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import type { TranscriptOut, VideoOut } from "@/api/types";
import { stream } from "../api/media";
import { Captions } from "./Captions";
import { cuesOf } from "./cues";
import { usePlayer } from "./player";
import { PlayerControls } from "./PlayerControls";
import { prefer, preferences, usePreferences } from "./preferences";

// A limit, so that a file that can't be played is not requested forever.
const MOST_TRIES = 3;

interface Props {
  video: VideoOut;
  transcript: TranscriptOut | null;
  /** Seconds; 0 where nobody knows it yet. */
  duration: number;
  /** What is shown in place of a picture, for a recording that has none. */
  instead: ReactNode;
}

/** Plays the source from a signed address, which is renewed without losing the position (F76). */
export function VideoPlayer({ video, transcript, duration, instead }: Props) {
  const { attach, attachFrame, load, look, setRate, setSound, toggle } = usePlayer();
  const { data, refetch, error } = useQuery({ ...stream(video.identifier), enabled: video.stored });
  const [renewals, setRenewals] = useState(0);
  const [broken, setBroken] = useState(false);
  const tries = useRef(0);
  const url = data?.url;
  const { captions, captionSize, muted, rate, volume } = usePreferences();
  const cues = useMemo(() => cuesOf(transcript?.word_timestamps ?? [], transcript?.segment_timestamps ?? []), [transcript]);
  const seen = instead === null;

  useEffect(() => (url === undefined ? undefined : load(url)), [url, renewals, load]);
  useEffect(() => setRate(rate), [rate, setRate]);
  useEffect(() => setSound(volume, muted), [volume, muted, setSound]);

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
    <PlayerFrame ref={attachFrame} data-testid="player">
      <div className="stage" data-heard={!seen || undefined}>
        {/* Captions are made of the transcript, beside the element: they are shown in full screen too, and where there is no picture. */}
        {/* eslint-disable-next-line jsx-a11y/media-has-caption */}
        <video
          ref={attach}
          aria-label={video.title}
          preload="metadata"
          playsInline
          poster={video.thumbnail?.url}
          hidden={!seen}
          onError={onError}
          onCanPlay={() => {
            tries.current = 0;
            setBroken(false);
          }}
          onLoadedMetadata={look}
          onPlay={look}
          onPause={look}
          onTimeUpdate={look}
          onSeeked={look}
          // A key of the keyboard or the browser's own window may mute it as well.
          onVolumeChange={({ currentTarget: { volume: loud, muted: silent } }) => {
            const now = preferences.get();
            if (now.muted !== silent || Math.abs(now.volume - loud) > 0.001) prefer({ volume: loud, muted: silent });
          }}
          onClick={toggle}
        />
        {instead}
        {captions && cues.length > 0 && <Captions cues={cues} language={transcript?.language ?? null} size={captionSize} below={!seen} />}
      </div>
      {(broken || error !== null) && (
        <Alert severity="error" square>
          {error?.message ?? "This browser can't play the file."} {error?.advice ?? "Moments, words and clips are there all the same: clips play everywhere."}
        </Alert>
      )}
      <PlayerControls duration={duration} words={cues.length > 0} picture={seen} />
    </PlayerFrame>
  );
}

const PlayerFrame = styled(Card)({
  overflow: "hidden",
  "& .stage": { position: "relative", width: "100%", aspectRatio: "16 / 9", maxHeight: "56vh", backgroundColor: "#000", containerType: "inline-size" },
  "& .stage[data-heard]": { aspectRatio: "auto", maxHeight: "none", backgroundColor: "transparent" },
  "& video": { width: "100%", height: "100%", display: "block" },
  "& video[hidden]": { display: "none" },
  "&:fullscreen": { display: "flex", flexDirection: "column", border: 0, borderRadius: 0 },
  "&:fullscreen .stage": { flex: 1, minHeight: 0, aspectRatio: "auto", maxHeight: "none" },
  "&:fullscreen .stage[data-heard]": { display: "flex", flexDirection: "column", justifyContent: "center" },
});
