import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { TranscriptOut, VideoOut } from "@/api/types";
import { isHeardOnly } from "./heard";
import { type Player, PlayerProvider, usePlayer } from "./player";
import { prefer, preferences, readPreferences } from "./preferences";
import { VideoPlayer } from "./VideoPlayer";

vi.mock("@/api/client", async (original) => ({
  ...(await original<typeof import("@/api/client")>()),
  request: () => Promise.resolve({ url: "/film.mp4", expires_at: new Date(Date.now() + 3_600_000).toISOString(), content_type: "video/mp4" }),
}));

const video = { identifier: "v", title: "Bread", stored: true, duration: 76, resolution: "640x360", content_type: "video/mp4", thumbnail: null } as unknown as VideoOut;
const transcript = {
  language: "de",
  word_timestamps: ["Bread", "rises."].map((word, index) => ({ word, start: 1 + index, end: 1.9 + index, confidence: null })),
  segment_timestamps: [{ start: 1, end: 2.9, text: "Bread rises." }],
} as unknown as TranscriptOut;

function shown(said: TranscriptOut | null = transcript, instead: string | null = null) {
  const held: { player?: Player } = {};
  const Held = () => {
    const player = usePlayer();
    return <span ref={() => void (held.player = player)} />;
  };
  render(
    <QueryClientProvider client={new QueryClient()}>
      <PlayerProvider>
        <Held />
        <VideoPlayer video={video} transcript={said} duration={76} instead={instead === null ? null : <p>{instead}</p>} />
      </PlayerProvider>
    </QueryClientProvider>,
  );
  const { player } = held;
  if (player === undefined) throw new Error("there is a player");
  return { player, at: (seconds: number) => act(() => player.time.set(() => seconds)) };
}

const film = () => screen.getByLabelText<HTMLVideoElement>("Bread");
const button = (name: string) => screen.getByRole("button", { name });
/** Gives the document or an element's prototype something that jsdom has not. */
function given(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { configurable: true, writable: true, value });
}

beforeEach(() => {
  localStorage.clear();
  prefer({ volume: 1, muted: false, rate: 1, captions: false, captionSize: "medium" });
  given(HTMLMediaElement.prototype, "load", () => undefined);
});

afterEach(() => {
  cleanup();
  for (const name of ["fullscreenEnabled", "fullscreenElement", "exitFullscreen", "pictureInPictureEnabled"]) Reflect.deleteProperty(document, name);
  Reflect.deleteProperty(HTMLVideoElement.prototype, "requestPictureInPicture");
  Reflect.deleteProperty(HTMLElement.prototype, "requestFullscreen");
});

it("shows what is said as captions, in the chosen size and the recording's language, and remembers both", () => {
  const { at } = shown();
  at(1.5);
  expect(screen.queryByTestId("captions")).toBeNull();
  expect(screen.queryByLabelText("Size of the captions")).toBeNull();
  expect(button("Captions").getAttribute("aria-pressed")).toBe("false");
  fireEvent.click(button("Captions"));
  expect(button("Captions").getAttribute("aria-pressed")).toBe("true");
  const captions = screen.getByTestId("captions");
  expect([captions.textContent, captions.lang, captions.dataset.size]).toEqual(["Bread rises.", "de", "medium"]);
  fireEvent.change(screen.getByLabelText("Size of the captions"), { target: { value: "large" } });
  expect(captions.dataset.size).toBe("large");
  at(60);
  expect(captions.textContent).toBe("");
  expect(readPreferences()).toMatchObject({ captions: true, captionSize: "large" });
});

it("offers no captions where nobody has said a word, even to somebody who wants them", () => {
  prefer({ captions: true });
  shown(null);
  expect(screen.queryByRole("button", { name: "Captions" })).toBeNull();
  expect(screen.queryByTestId("captions")).toBeNull();
});

it("has the volume, mute and speed that were chosen, and sets them", () => {
  prefer({ volume: 0.4, rate: 1.5 });
  shown();
  expect([film().volume, film().muted, film().playbackRate, film().defaultPlaybackRate]).toEqual([0.4, false, 1.5, 1.5]);
  fireEvent.click(button("Mute"));
  expect(film().muted).toBe(true);
  expect(screen.getByLabelText<HTMLInputElement>("Volume").value).toBe("0");
  fireEvent.click(button("Unmute"));
  expect([film().muted, film().volume]).toEqual([false, 0.4]);
  fireEvent.change(screen.getByLabelText("Volume"), { target: { value: "70" } });
  expect(film().volume).toBeCloseTo(0.7, 6);
  expect(screen.getByLabelText("Volume").getAttribute("aria-valuetext")).toBe("70 %");
  fireEvent.change(screen.getByLabelText("Speed"), { target: { value: "0.5" } });
  expect(film().playbackRate).toBe(0.5);
  expect(readPreferences()).toMatchObject({ volume: 0.7, muted: false, rate: 0.5 });
});

it("follows what the browser itself mutes", async () => {
  shown();
  film().muted = true;
  fireEvent(film(), new Event("volumechange"));
  await waitFor(() => expect(preferences.get().muted).toBe(true));
  expect(button("Unmute")).toBeTruthy();
});

it("fills the screen with the picture and its controls, and comes back", () => {
  const fill = vi.fn(() => Promise.resolve());
  const leave = vi.fn(() => Promise.resolve());
  given(document, "fullscreenEnabled", true);
  given(document, "exitFullscreen", leave);
  given(HTMLElement.prototype, "requestFullscreen", fill);
  shown();
  fireEvent.click(button("Full screen"));
  const frame = fill.mock.contexts[0] as HTMLElement;
  expect([frame.contains(film()), frame.contains(button("Captions"))]).toEqual([true, true]);
  given(document, "fullscreenElement", frame);
  act(() => void document.dispatchEvent(new Event("fullscreenchange")));
  fireEvent.click(button("Leave full screen"));
  expect([leave.mock.calls.length, fill.mock.calls.length]).toEqual([1, 1]);
});

it("has a window of its own for the picture only where the browser has one, and there is a picture", () => {
  shown();
  expect(screen.queryByRole("button", { name: "Picture in picture" })).toBeNull();
  cleanup();
  const open = vi.fn(() => Promise.resolve());
  given(document, "pictureInPictureEnabled", true);
  given(HTMLVideoElement.prototype, "requestPictureInPicture", open);
  shown();
  fireEvent.click(button("Picture in picture"));
  expect(open).toHaveBeenCalledTimes(1);
  cleanup();
  shown(transcript, "the waveform");
  expect(screen.queryByRole("button", { name: "Picture in picture" })).toBeNull();
});

it("shows what stands for a picture where there is none, with the captions below", () => {
  prefer({ captions: true });
  const { at } = shown(transcript, "the waveform");
  at(1.5);
  expect(film().hidden).toBe(true);
  expect(screen.getByText("the waveform")).toBeTruthy();
  expect(screen.getByTestId("captions").dataset.below).toBe("true");
  cleanup();
  shown();
  expect(film().hidden).toBe(false);
});

it("shows the keys", async () => {
  shown();
  fireEvent.click(button("Keys"));
  expect(await screen.findByRole("dialog", { name: "Keys" })).toBeTruthy();
});

it.each([
  [{ duration: 76, resolution: null, content_type: "video/mp4" }, null, true],
  [{ duration: 76, resolution: "640x360", content_type: "video/mp4" }, false, false],
  [{ duration: 76, resolution: null, content_type: "video/mp4" }, true, false],
  [{ duration: null, resolution: null, content_type: "audio/mpeg" }, null, true],
  [{ duration: null, resolution: null, content_type: "video/mp4" }, null, false],
  [{ duration: null, resolution: null, content_type: "video/mp4" }, false, true],
  [{ duration: null, resolution: null, content_type: null }, true, false],
])("tells a recording of sound alone: %j, pictures %j", (measured, pictures, heard) => {
  expect(isHeardOnly(measured, pictures)).toBe(heard);
});
