import { act, cleanup, renderHook } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { type Player, PlayerProvider, usePlayer, usePlaying, useTimeOf } from "./player";

/** The part of a video element that the player uses; jsdom plays nothing. */
class Film extends EventTarget {
  src = "";
  error: MediaError | null = null;
  loads = 0;
  currentTime = 0;
  paused = true;
  seeking = false;
  readyState: number = HTMLMediaElement.HAVE_ENOUGH_DATA;

  play(): Promise<void> {
    this.paused = false;
    return Promise.resolve();
  }

  pause(): void {
    this.paused = true;
  }

  /** Loads its address again, as an element does: at the start, paused. */
  load(): void {
    this.loads += 1;
    this.currentTime = 0;
    this.paused = true;
  }
}

const wrapper = ({ children }: { children: ReactNode }) => <PlayerProvider>{children}</PlayerProvider>;

/** Renders a player on a fake video, and counts how often its followers render. */
function opened(): { film: Film; player: Player; at: (seconds: number) => void; shown: () => { second: number; playing: boolean }; drawn: () => number } {
  let drawn = 0;
  const { result } = renderHook(
    () => {
      drawn += 1;
      return { player: usePlayer(), second: useTimeOf(Math.floor), playing: usePlaying() };
    },
    { wrapper },
  );
  const film = new Film();
  const { player } = result.current;
  player.attach(film as unknown as HTMLVideoElement);
  const at = (seconds: number) =>
    act(() => {
      film.currentTime = seconds;
      player.look();
    });
  return { film, player, at, shown: () => result.current, drawn: () => drawn };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  cleanup();
  vi.useRealTimers();
  Reflect.deleteProperty(document, "hidden");
});

it("plays a moment from its start, and stops at its end", () => {
  const { film, player, at } = opened();
  act(() => player.playRange(10, 12));
  expect([film.currentTime, film.paused]).toEqual([10, false]);
  at(11.99);
  expect(film.paused).toBe(false);
  at(12.01);
  expect(film.paused).toBe(true);
});

it("plays it again and again when asked to", () => {
  const { film, player, at } = opened();
  act(() => player.playRange(10, 12, true));
  at(12.01);
  expect([film.currentTime, film.paused]).toEqual([10, false]);
});

it("goes on past the end after a seek: nobody asked for the moment any more", () => {
  const { film, player, at } = opened();
  act(() => player.playRange(10, 12));
  act(() => player.seek(11));
  at(13);
  expect(film.paused).toBe(false);
});

it("F76: keeps the place and that it played while the element gets another address", () => {
  const { film, player, at } = opened();
  act(() => player.playRange(10, 60));
  at(20);
  film.readyState = HTMLMediaElement.HAVE_NOTHING;
  film.paused = true;
  at(0);
  expect([player.time.get(), player.playing.get()]).toEqual([20, true]);
});

it("F76: plays on at a new address from where it stood, and rests there if it rested", () => {
  const { film, player, at } = opened();
  act(() => player.toggle());
  at(20);
  player.load("/new");
  film.dispatchEvent(new Event("loadedmetadata"));
  expect([film.src, film.currentTime, film.paused]).toEqual(["/new", 20, false]);
  act(() => player.toggle());
  at(25);
  player.load("/newer");
  film.dispatchEvent(new Event("loadedmetadata"));
  expect([film.src, film.currentTime, film.paused]).toEqual(["/newer", 25, true]);
});

it("leaves an address alone that plays already, and loads it again once it has failed", () => {
  const { film, player } = opened();
  film.src = new URL("/film", window.location.href).href;
  expect([player.load("/film"), film.loads]).toEqual([undefined, 0]);
  film.error = {} as MediaError;
  player.load("/film");
  expect(film.loads).toBe(1);
});

it("stops at the end in a hidden tab too, where no frames are drawn", () => {
  const { film, player } = opened();
  act(() => player.playRange(10, 12));
  Object.defineProperty(document, "hidden", { configurable: true, get: () => true });
  film.currentTime = 12.2;
  act(() => void vi.advanceTimersByTime(250));
  expect(film.paused).toBe(true);
});

it("draws anew only what changes, not each frame", () => {
  const { at, shown, drawn } = opened();
  at(5);
  const before = drawn();
  for (const seconds of [5.1, 5.2, 5.3, 5.9]) at(seconds);
  expect(drawn()).toBe(before);
  at(6);
  expect([shown().second, drawn()]).toEqual([6, before + 1]);
});

it("never seeks before the start", () => {
  const { film, player } = opened();
  act(() => player.seek(-3));
  expect([film.currentTime, player.time.get()]).toEqual([0, 0]);
});

it("has an element that comes later play as loud and as fast as was chosen", () => {
  const { player } = opened();
  player.setRate(1.5);
  player.setSound(0.3, true);
  const later = new Film();
  player.attach(later as unknown as HTMLVideoElement);
  expect(later).toMatchObject({ playbackRate: 1.5, defaultPlaybackRate: 1.5, volume: 0.3, muted: true });
});

it("measures the recording once the browser knows it", () => {
  const { film, player } = opened();
  const known = film as Film & { duration: number; videoWidth: number };
  expect([player.length.get(), player.pictures.get()]).toEqual([0, null]);
  Object.assign(known, { duration: NaN, videoWidth: 0, readyState: HTMLMediaElement.HAVE_NOTHING });
  act(() => player.look());
  expect([player.length.get(), player.pictures.get()]).toEqual([0, null]);
  Object.assign(known, { duration: 76.5, readyState: HTMLMediaElement.HAVE_METADATA });
  act(() => player.look());
  expect([player.length.get(), player.pictures.get()]).toEqual([76.5, false]);
  known.videoWidth = 640;
  act(() => player.look());
  expect(player.pictures.get()).toBe(true);
});
