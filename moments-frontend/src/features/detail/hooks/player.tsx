import { createContext, type ReactNode, type RefObject, useContext, useEffect, useMemo, useRef, useSyncExternalStore } from "react";
import { createStore, type Store } from "@/lib/store";

export interface Player {
  video: RefObject<HTMLVideoElement | null>;
  time: Store<number>;
  playing: Store<boolean>;
  seek: (seconds: number) => void;
  toggle: () => void;
  /** Plays from `start` and stops at `end`, or begins again there. */
  playRange: (start: number, end: number, loop?: boolean) => void;
  /** Takes over where the video is: for the element's own events, which also come in a hidden tab. */
  look: () => void;
}

interface Range {
  start: number;
  end: number;
  loop: boolean;
}

const PlayerContext = createContext<Player | null>(null);
// A hidden tab draws no frames and its timers come once a second: so far an end may be passed there, and no further.
const HIDDEN_LOOK_MS = 250;

function createPlayer(video: RefObject<HTMLVideoElement | null>): Player {
  let range: Range | null = null;
  const time = createStore(0);
  const playing = createStore(false);
  const seek = (seconds: number) => {
    const element = video.current;
    if (element === null) return;
    range = null;
    element.currentTime = Math.max(0, seconds);
    time.set(() => Math.max(0, seconds));
  };
  const start = () => void video.current?.play().catch(() => undefined);
  return {
    video,
    time,
    playing,
    seek,
    toggle: () => {
      if (video.current?.paused) start();
      else video.current?.pause();
    },
    playRange: (from, end, loop = false) => {
      seek(from);
      range = { start: from, end, loop };
      start();
    },
    look: () => {
      const element = video.current;
      // While its address is renewed the element stands at 0 and rests; where it was and whether it played stays known.
      if (element === null || element.readyState === HTMLMediaElement.HAVE_NOTHING) return;
      if (playing.get() === element.paused) playing.set(() => !element.paused);
      if (range !== null && !element.paused && element.currentTime >= range.end) {
        if (range.loop) element.currentTime = range.start;
        else {
          range = null;
          element.pause();
        }
      }
      if (Math.abs(element.currentTime - time.get()) > 0.02 && !element.seeking) time.set(() => element.currentTime);
    },
  };
}

/** One video and its time, outside of React: what follows it redraws itself, the page does not. */
export function PlayerProvider({ children }: { children: ReactNode }) {
  const video = useRef<HTMLVideoElement>(null);
  const player = useMemo(() => createPlayer(video), []);

  useEffect(() => {
    let frame = 0;
    const tick = () => {
      player.look();
      frame = player.playing.get() ? requestAnimationFrame(tick) : 0;
    };
    // Frames while it plays; none while it rests.
    const follow = player.playing.subscribe(() => {
      if (player.playing.get() && frame === 0) frame = requestAnimationFrame(tick);
    });
    const timer = window.setInterval(() => {
      if (document.hidden) player.look();
    }, HIDDEN_LOOK_MS);
    return () => {
      follow();
      cancelAnimationFrame(frame);
      window.clearInterval(timer);
    };
  }, [player]);

  return <PlayerContext.Provider value={player}>{children}</PlayerContext.Provider>;
}

export function usePlayer(): Player {
  const player = useContext(PlayerContext);
  if (player === null) throw new Error("no PlayerProvider above");
  return player;
}

export function usePlaying(): boolean {
  const { playing } = usePlayer();
  return useSyncExternalStore(playing.subscribe, playing.get);
}

/** What `pick` makes of the time; a part that uses it redraws only when that changes. */
export function useTimeOf<Value extends string | number | boolean>(pick: (time: number) => Value): Value {
  const { time } = usePlayer();
  return useSyncExternalStore(time.subscribe, () => pick(time.get()));
}
