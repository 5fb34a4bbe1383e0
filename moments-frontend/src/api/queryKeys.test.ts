import { expect, it } from "vitest";
import { queryKeys } from "./queryKeys";

const { models, runs, videos, moments, transcript, waveform, shots, silences, source, stream } = queryKeys;
const ofVideos = [moments, transcript, waveform, shots, silences, source, stream];

/** Returns the keys of each group, the most general one first. */
const groups: readonly (readonly (readonly unknown[])[])[] = [
  [queryKeys.health],
  [queryKeys.ready],
  [queryKeys.me],
  [queryKeys.keys],
  [models.all, models.up("a")],
  [runs.all, runs.overview, runs.figures, runs.queued, runs.past, runs.status("a"), runs.pages({}, 25)],
  [videos.all, videos.recent, videos.one("a"), videos.pages({})],
  ...ofVideos.map((group) => [group.all, group.of("a")]),
];

it("begins every key of a group with what invalidates the whole group", () => {
  expect(groups).toHaveLength(Object.keys(queryKeys).length);
  for (const [all, ...others] of groups) {
    expect(all).toHaveLength(1);
    for (const key of others) expect(key.slice(0, 1)).toEqual(all);
  }
});

it("gives no two queries the same key, and no two groups the same beginning", () => {
  const keys = groups.flat().map((key) => JSON.stringify(key));
  expect(new Set(keys).size).toBe(keys.length);
  expect(new Set(groups.map(([all]) => all?.[0])).size).toBe(groups.length);
});

it("keeps what belongs to one video apart from another's", () => {
  for (const group of ofVideos) expect(group.of("a")).not.toEqual(group.of("b"));
});
