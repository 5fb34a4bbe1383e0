import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import type { SourceOut } from "@/api/types";
import { SourceRemarks } from "./SourceRemarks";

afterEach(cleanup);

const track = (number: number, fields: Partial<SourceOut["audio_tracks"][number]>): SourceOut["audio_tracks"][number] => ({
  number,
  codec: "aac",
  channels: 2,
  language: null,
  title: null,
  default: false,
  sound: "speech",
  ...fields,
});

const plain: SourceOut = {
  frame_rate: 30,
  uploader: null,
  published: null,
  page: null,
  captions: [],
  audio_tracks: [track(1, { default: true, sound: "unheard" })],
  audio_track: 1,
  audio_reason: null,
  remarks: [],
};

it("f91: says which of several tracks is used, why, and that the player may play another", () => {
  const remark = "audio track 2 of 2 is used: speech is heard on it; track 1, the default, is silent";
  const from = { ...plain, audio_tracks: [track(1, { default: true, sound: "silent" }), track(2, {})], audio_track: 2, remarks: [remark] };
  render(<SourceRemarks from={from} />);
  expect(screen.getByRole("alert").textContent).toContain("Audio track 2 of 2 is used: speech is heard on it; track 1, the default, is silent.");
  expect(screen.getByRole("alert").textContent).toContain("The player may play another track");
});

it("f91: says nothing of a file that is all used", () => {
  render(<SourceRemarks from={plain} />);
  expect(screen.queryByRole("alert")).toBeNull();
});
