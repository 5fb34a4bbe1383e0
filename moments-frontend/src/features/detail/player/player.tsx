import { createContext, type ReactNode, useContext, useEffect, useState, useSyncExternalStore } from "react";
import { createStore, type Store } from "@/lib/store";

export interface Player {
  /** Takes the element; it is passed as the element's `ref`. */
  attach: (element: HTMLVideoElement | null) => void;
  /**
   * Loads `url` into the element at the current position, and plays on if it was playing. Returns a function that stops waiting for that.
   */
  load: (url: string) => (() => void) | undefined;
  setRate: (rate: number) => void;
  /** Sets the volume, 0 to 1, and whether it is muted; an element that is attached later has them too. */
  setSound: (volume: number, muted: boolean) => void;
  time: Store<number>;
  playing: Store<boolean>;
  /** The recording's length in seconds as the browser measures it; 0 until then. */
  length: Store<number>;
  /** Whether the browser finds pictures in the recording; null until it has looked. */
  pictures: Store<boolean | null>;
  /** In and out of a new moment, as the user has set them. */
  inOut: Store<InOut>;
  /** Takes the element that fills the screen: the picture with its controls. */
  attachFrame: (element: HTMLElement | null) => void;
  /** Enters or leaves full screen. */
  toggleFullScreen: () => void;
  /** Moves the picture into a window of its own, or back. */
  togglePictureInPicture: () => void;
  seek: (seconds: number) => void;
  toggle: () => void;
  /** Plays from `start` and stops at `end`, or repeats. */
  playRange: (start: number, end: number, loop?: boolean) => void;
  /** Reads the video's position. For the element's own events, which also come in a hidden tab. */
  look: () => void;
}

/** Where a new moment begins and ends, in seconds; null where the user has not said. */
export interface InOut {
  in: number | null;
  out: number | null;
}

export const NEITHER: InOut = { in: null, out: null };

interface Range {
  start: number;
  end: number;
  loop: boolean;
}

const PlayerContext = createContext<Player | null>(null);
// A hidden tab draws no frames, and its timers run once a second, so an end may be passed by up to a second.
const HIDDEN_LOOK_MS = 250;

/** On a phone of Apple only the video element can fill the screen, with controls of the system. */
type PhoneVideo = HTMLVideoElement & { webkitEnterFullscreen?: () => void };

function createPlayer(): Player {
  let video: PhoneVideo | null = null;
  let frame: HTMLElement | null = null;
  let [rate, volume, muted] = [1, 1, false];
  let range: Range | null = null;
  const time = createStore(0);
  const playing = createStore(false);
  const length = createStore(0);
  const pictures = createStore<boolean | null>(null);
  const adjust = () => {
    if (video === null) return;
    // Sets the default too, because a renewed address starts with it.
    video.defaultPlaybackRate = video.playbackRate = rate;
    video.volume = volume;
    video.muted = muted;
  };
  const measure = (element: HTMLVideoElement) => {
    if (Number.isFinite(element.duration) && element.duration !== length.get()) length.set(() => element.duration);
    const seen = element.videoWidth > 0;
    if (seen !== pictures.get()) pictures.set(() => seen);
  };
  const seek = (seconds: number) => {
    if (video === null) return;
    range = null;
    video.currentTime = Math.max(0, seconds);
    time.set(() => Math.max(0, seconds));
  };
  const start = () => void video?.play().catch(() => undefined);
  return {
    attach: (element) => {
      video = element;
      adjust();
    },
    load: (url) => {
      const element = video;
      if (element === null || (element.src === new URL(url, window.location.href).href && element.error === null)) return undefined;
      const [at, played] = [element.currentTime || time.get(), playing.get()];
      element.src = url;
      const resume = () => {
        if (at > 0) element.currentTime = at;
        if (played) void element.play().catch(() => undefined);
      };
      element.addEventListener("loadedmetadata", resume, { once: true });
      element.load();
      return () => {
        element.removeEventListener("loadedmetadata", resume);
      };
    },
    setRate: (wanted) => {
      rate = wanted;
      adjust();
    },
    setSound: (loud, silent) => {
      [volume, muted] = [loud, silent];
      adjust();
    },
    time,
    playing,
    length,
    pictures,
    inOut: createStore(NEITHER),
    attachFrame: (element) => {
      frame = element;
    },
    toggleFullScreen: () => {
      if (document.fullscreenElement != null) void document.exitFullscreen().catch(() => undefined);
      else if (document.fullscreenEnabled) void frame?.requestFullscreen().catch(() => undefined);
      else video?.webkitEnterFullscreen?.();
    },
    togglePictureInPicture: () => {
      if (document.pictureInPictureElement != null) void document.exitPictureInPicture().catch(() => undefined);
      else void video?.requestPictureInPicture().catch(() => undefined);
    },
    seek,
    toggle: () => {
      if (video?.paused) start();
      else video?.pause();
    },
    playRange: (from, end, loop = false) => {
      seek(from);
      range = { start: from, end, loop };
      start();
    },
    look: () => {
      const element = video;
      // While its address is renewed the element is at 0 and paused; the position and whether it played are remembered.
      if (element === null || element.readyState === HTMLMediaElement.HAVE_NOTHING) return;
      measure(element);
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

/** One video and its time, outside of React: only components that follow it re-render, not the page. */
export function PlayerProvider({ children }: { children: ReactNode }) {
  const [player] = useState(createPlayer);

  useEffect(() => {
    let frame = 0;
    const tick = () => {
      player.look();
      frame = player.playing.get() ? requestAnimationFrame(tick) : 0;
    };
    // Follows frames while it plays, and none while it is paused.
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

/** Returns the recording's length in seconds as the browser measures it; 0 until then. */
export function useLength(): number {
  const { length } = usePlayer();
  return useSyncExternalStore(length.subscribe, length.get);
}

/** Returns whether the browser finds pictures in the recording; null until it has looked. */
export function usePictures(): boolean | null {
  const { pictures } = usePlayer();
  return useSyncExternalStore(pictures.subscribe, pictures.get);
}

/** Returns what `pick` makes of the time. A component that uses it re-renders only when that changes. */
export function useTimeOf<Value extends string | number | boolean>(pick: (time: number) => Value): Value {
  const { time } = usePlayer();
  return useSyncExternalStore(time.subscribe, () => pick(time.get()));
}
