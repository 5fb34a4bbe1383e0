import { Captions, Keyboard, Maximize, Minimize, Pause, PictureInPicture2, Play, SkipBack, SkipForward, Volume1, Volume2, VolumeX } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { formatTime } from "@/lib/time";
import { Control } from "./Control";
import { ControlRow } from "./controlStyles";
import { usePlayer, usePlaying, useTimeOf } from "./player";
import { CAPTION_SIZES, type CaptionSize, isSilent, prefer, RATES, toggleMute, usePreferences } from "./preferences";
import { canFillScreen, canPictureInPicture, useFullScreen } from "./screen";

const KeysDialog = lazy(async () => ({ default: (await import("../editor/KeysDialog")).KeysDialog }));
const SIZE_NAMES: Record<CaptionSize, string> = { small: "Small", medium: "Medium", large: "Large" };

interface Props {
  /** Seconds; 0 where nobody knows it yet. */
  duration: number;
  /** Whether there is something to show as captions. */
  words: boolean;
  /** Whether there is a picture. */
  picture: boolean;
}

/** All controls of the player. On a narrow screen they stand in two rows. */
export function PlayerControls({ duration, words, picture }: Props) {
  const { seek, time, toggleFullScreen, togglePictureInPicture } = usePlayer();
  const full = useFullScreen();
  const [keys, setKeys] = useState(false);
  return (
    <ControlRow role="group" aria-label="Player">
      <div className="group">
        <Control label="Back 5 seconds" keys="J" icon={SkipBack} onClick={() => seek(time.get() - 5)} />
        <PlayButton />
        <Control label="On 5 seconds" keys="L" icon={SkipForward} onClick={() => seek(time.get() + 5)} />
        <Clock duration={duration} />
        <Volume />
      </div>
      <div className="group">
        {words && <CaptionControls />}
        <Speed />
        {picture && canPictureInPicture() && <Control label="Picture in picture" icon={PictureInPicture2} onClick={togglePictureInPicture} />}
        {canFillScreen() && <Control label={full ? "Leave full screen" : "Full screen"} keys="F" icon={full ? Minimize : Maximize} onClick={toggleFullScreen} />}
        <Control label="Keys" keys="?" icon={Keyboard} onClick={() => setKeys(true)} />
      </div>
      <Suspense fallback={null}>{keys && <KeysDialog onClose={() => setKeys(false)} />}</Suspense>
    </ControlRow>
  );
}

function PlayButton() {
  const { toggle } = usePlayer();
  const playing = usePlaying();
  return <Control main label={playing ? "Pause" : "Play"} keys="Space" size={22} icon={playing ? Pause : Play} onClick={toggle} />;
}

function Clock({ duration }: { duration: number }) {
  const now = useTimeOf((time) => formatTime(time));
  return (
    <div className="clock" data-testid="clock">
      {now} <span>/ {formatTime(duration, { tenths: false })}</span>
    </div>
  );
}

function Volume() {
  const preferences = usePreferences();
  const silent = isSilent(preferences);
  const loud = silent ? 0 : Math.round(preferences.volume * 100);
  return (
    <>
      <Control label={silent ? "Unmute" : "Mute"} keys="M" icon={silent ? VolumeX : loud < 50 ? Volume1 : Volume2} onClick={toggleMute} />
      <input
        type="range"
        aria-label="Volume"
        aria-valuetext={`${loud} %`}
        min={0}
        max={100}
        step={5}
        value={loud}
        onChange={(event) => prefer({ volume: Number(event.target.value) / 100, muted: false })}
      />
    </>
  );
}

function CaptionControls() {
  const { captions, captionSize } = usePreferences();
  return (
    <>
      <Control label="Captions" keys="C" icon={Captions} pressed={captions} onClick={() => prefer({ captions: !captions })} />
      {captions && (
        <select aria-label="Size of the captions" value={captionSize} onChange={(event) => prefer({ captionSize: event.target.value as CaptionSize })}>
          {CAPTION_SIZES.map((size) => (
            <option key={size} value={size}>
              {SIZE_NAMES[size]}
            </option>
          ))}
        </select>
      )}
    </>
  );
}

function Speed() {
  const { rate } = usePreferences();
  return (
    <select aria-label="Speed" value={rate} onChange={(event) => prefer({ rate: Number(event.target.value) })}>
      {RATES.map((value) => (
        <option key={value} value={value}>
          {value}×
        </option>
      ))}
    </select>
  );
}
