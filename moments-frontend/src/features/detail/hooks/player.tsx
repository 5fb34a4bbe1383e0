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
}

const PlayerContext = createContext<Player | null>(null);

/** One video and its time, outside of React: what follows it redraws itself, the page does not. */
export function PlayerProvider({ children }: { children: ReactNode }) {
  const video = useRef<HTMLVideoElement>(null);
  const range = useRef<{ start: number; end: number; loop: boolean } | null>(null);
  const player = useMemo<Player>(() => {
    const time = createStore(0);
    const playing = createStore(false);
    const seek = (seconds: number) => {
      const element = video.current;
      if (element === null) return;
      range.current = null;
      element.currentTime = Math.max(0, seconds);
      time.set(() => Math.max(0, seconds));
    };
    return {
      video,
      time,
      playing,
      seek,
      toggle: () => {
        const element = video.current;
        if (element === null) return;
        if (element.paused) void element.play().catch(() => undefined);
        else element.pause();
      },
      playRange: (start, end, loop = false) => {
        seek(start);
        range.current = { start, end, loop };
        void video.current?.play().catch(() => undefined);
      },
    };
  }, []);

  useEffect(() => {
    let frame = 0;
    const tick = () => {
      const element = video.current;
      if (element !== null) {
        player.playing.set(() => !element.paused);
        const bounds = range.current;
        if (bounds !== null && !element.paused && element.currentTime >= bounds.end) {
          if (bounds.loop) element.currentTime = bounds.start;
          else {
            element.pause();
            range.current = null;
          }
        }
        if (Math.abs(element.currentTime - player.time.get()) > 0.02 && !element.seeking) player.time.set(() => element.currentTime);
      }
      frame = requestAnimationFrame(tick);
    };
    frame = requestAnimationFrame(tick);
    return () => {
      cancelAnimationFrame(frame);
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
