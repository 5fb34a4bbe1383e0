import { beforeEach, expect, it } from "vitest";
import { prefer, preferences, readPreferences, stepRate, toggleMute } from "./preferences";

const NAME = "videomoments.player";
const DEFAULTS = { volume: 1, muted: false, rate: 1, captions: false, captionSize: "medium" } as const;

beforeEach(() => {
  localStorage.clear();
  prefer(DEFAULTS);
});

it("remembers what was chosen, for the next page", () => {
  prefer({ captions: true, captionSize: "large" });
  prefer({ volume: 0.4, rate: 1.5 });
  expect(readPreferences()).toEqual({ volume: 0.4, muted: false, rate: 1.5, captions: true, captionSize: "large" });
});

it.each(["", "nonsense", "null", "[]", '{"volume": 7, "muted": "yes", "rate": 3, "captions": 1, "captionSize": "huge"}'])(
  "starts with the defaults where %j is stored",
  (stored) => {
    localStorage.setItem(NAME, stored);
    expect(readPreferences()).toEqual(DEFAULTS);
  },
);

it("keeps what is good of what is stored", () => {
  localStorage.setItem(NAME, '{"volume": 0.3, "rate": 9}');
  expect(readPreferences()).toEqual({ ...DEFAULTS, volume: 0.3 });
});

it("is heard again after a mute, as loud as before, and not at volume 0", () => {
  prefer({ volume: 0.6 });
  toggleMute();
  expect(preferences.get()).toMatchObject({ muted: true, volume: 0.6 });
  toggleMute();
  expect(preferences.get()).toMatchObject({ muted: false, volume: 0.6 });
  prefer({ volume: 0 });
  toggleMute();
  expect(preferences.get()).toMatchObject({ muted: false, volume: 1 });
});

it("steps through the speeds and stays at both ends", () => {
  const steps = (by: number, count: number) =>
    Array.from({ length: count }, () => {
      stepRate(by);
      return preferences.get().rate;
    });
  expect(steps(1, 4)).toEqual([1.25, 1.5, 2, 2]);
  expect(steps(-1, 6)).toEqual([1.5, 1.25, 1, 0.75, 0.5, 0.5]);
});
