import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import type { TranscriptOut } from "@/api/types";
import { createStore } from "@/lib/store";
import { type Editor, EditorContext } from "../editor/editor";
import { Transcript } from "./Transcript";

const time = createStore(0);
const scrollToIndex = vi.hoisted(() => vi.fn());

vi.mock("../player/player", async () => {
  const { useSyncExternalStore } = await import("react");
  return {
    usePlayer: () => ({ seek: () => undefined }),
    usePlaying: () => true,
    useTimeOf: (pick: (now: number) => number) => useSyncExternalStore(time.subscribe, () => pick(time.get())),
  };
});

// jsdom has no layout, so the real one would show no line.
vi.mock("@tanstack/react-virtual", () => {
  const virtual = { scrollToIndex, getTotalSize: () => 0, getVirtualItems: () => [0, 1, 2].map((index) => ({ key: index, index, start: 0 })), measureElement: () => undefined };
  return { useVirtualizer: () => virtual };
});

const transcript = {
  word_timestamps: ["Bread", "rises", "slowly"].map((word, index) => ({ word, start: index, end: index + 0.9, confidence: null })),
  segment_timestamps: [0, 1, 2].map((start) => ({ start, end: start + 1 })),
  remarks: [],
  hard_to_hear: [],
  not_understood: [],
} as unknown as TranscriptOut;

afterEach(cleanup);

it("follows playback, except while a line is corrected", async () => {
  render(
    <QueryClientProvider client={new QueryClient()}>
      <EditorContext value={{ videoId: "v" } as Editor}>
        <Transcript transcript={transcript} loading={false} />
      </EditorContext>
    </QueryClientProvider>,
  );
  const at = (seconds: number) => {
    scrollToIndex.mockClear();
    act(() => time.set(() => seconds));
    return scrollToIndex.mock.calls;
  };
  expect(at(1.5)).toEqual([[1, { align: "center" }]]);
  fireEvent.click(screen.getByRole("button", { name: "Correct the words at 0:00.0" }));
  fireEvent.change(await screen.findByRole("textbox", { name: "Words at 0:00.0" }), { target: { value: "Dough" } });
  expect(at(2.5)).toEqual([]);
  fireEvent.click(screen.getByRole("button", { name: "Cancel" }));
  expect(at(1.5)).toEqual([[1, { align: "center" }]]);
});
