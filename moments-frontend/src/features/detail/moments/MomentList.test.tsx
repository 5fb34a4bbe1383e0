import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { afterEach, expect, it, vi } from "vitest";
import { queryKeys } from "@/api/queryKeys";
import type { MomentOut, TranscriptOut } from "@/api/types";
import { type Editor, EditorContext, SelectedContext } from "../editor/editor";
import { MomentList } from "./MomentList";

const scrollToIndex = vi.hoisted(() => vi.fn());
vi.mock("../player/player", () => ({ usePlayer: () => ({ playRange: () => undefined }) }));
// jsdom has no layout, so the real one would show no card.
vi.mock("@tanstack/react-virtual", () => ({
  useVirtualizer: ({ count, getItemKey }: { count: number; getItemKey: (index: number) => string }) => ({
    scrollToIndex,
    getTotalSize: () => 0,
    getVirtualItems: () => Array.from({ length: count }, (_, index) => ({ key: getItemKey(index), index, start: 0 })),
    measureElement: () => undefined,
  }),
}));

const moment = (identifier: string, title: string, start_time: number, score: number | null) =>
  ({
    identifier,
    title,
    start_time,
    end_time: start_time + 9,
    score,
    engine: "extractive",
    reason: null,
    edited_at: null,
    review: "new",
    parent: null,
    clip: null,
    clip_error: null,
  }) as unknown as MomentOut;
const ALL = [moment("m1", "Bread", 0, 0.3), moment("m2", "Yeast", 10, 0.9), moment("m3", "Flour", 20, null), moment("m4", "Salt", 30, 0.6)];

function opened(moments: readonly MomentOut[] = ALL, said: Partial<TranscriptOut> | null = null) {
  const client = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity, retry: false } } });
  client.setQueryData(queryKeys.transcript.of("v"), said === null ? null : { word_timestamps: [], confidence: null, ...said });
  const asked = { select: vi.fn(), edit: vi.fn(), judge: vi.fn(), merge: vi.fn() };
  const editor = { videoId: "v", ...asked } as unknown as Editor;
  const page = (chosen: string | null, list: readonly MomentOut[]) => (
    <MemoryRouter>
      <QueryClientProvider client={client}>
        <EditorContext value={editor}>
          <SelectedContext value={chosen}>
            <MomentList moments={list} loading={false} busy={false} nothing={null} />
          </SelectedContext>
        </EditorContext>
      </QueryClientProvider>
    </MemoryRouter>
  );
  const { rerender } = render(page(null, moments));
  return { ...asked, show: (chosen: string | null, list: readonly MomentOut[] = moments) => rerender(page(chosen, list)) };
}

const titles = () =>
  within(screen.getByRole("list"))
    .getAllByRole("group")
    .map((card) => card.getAttribute("aria-label"));
const card = (title: string) => within(screen.getByRole("group", { name: title }));
const box = (title: string) => card(title).getByRole("checkbox");

afterEach(() => {
  cleanup();
  vi.clearAllMocks();
});

it("does not scroll for a moment that a pointer in the list chooses: its button must stay under the pointer", () => {
  const { show } = opened();
  fireEvent.pointerDown(card("Flour").getByRole("button", { name: "Keep" }));
  show("m3");
  expect(scrollToIndex).not.toHaveBeenCalled();
});

it("scrolls for one that a key or the timeline chooses", () => {
  const { show } = opened();
  fireEvent.keyDown(document.body, { key: "n" });
  show("m3");
  expect(scrollToIndex).toHaveBeenLastCalledWith(2, { align: "auto" });
  fireEvent.pointerDown(card("Salt").getByRole("button", { name: "Keep" }));
  show("m4");
  fireEvent.pointerDown(document.body);
  show("m2");
  expect(scrollToIndex.mock.calls.map(([index]) => index as number)).toEqual([2, 1]);
  fireEvent.pointerDown(card("Salt").getByRole("button", { name: "Keep" }));
  fireEvent.keyDown(document.body, { key: "n" });
  show("m4");
  expect(scrollToIndex.mock.calls.map(([index]) => index as number)).toEqual([2, 1, 3]);
});

it("leaves every card in its place, and shows no new message, from a press to its click", () => {
  const withClips = ALL.map((one) => ({ ...one, clip: {} }) as MomentOut);
  const { show } = opened(withClips);
  const later = [...withClips.slice(1), { ...(withClips[0] ?? ALL[0]), start_time: 50, clip: null } as MomentOut];
  const button = card("Salt").getByRole("button", { name: "Keep" });
  fireEvent.pointerDown(button);
  show(null, later);
  expect(titles()).toEqual(["Bread", "Yeast", "Flour", "Salt"]);
  expect(screen.queryByText(/One moment has no clip/)).toBeNull();
  fireEvent.pointerUp(button);
  expect(titles()).toEqual(["Bread", "Yeast", "Flour", "Salt"]);
  fireEvent.click(button);
  expect(titles()).toEqual(["Yeast", "Flour", "Salt", "Bread"]);
  expect(screen.getByText(/One moment has no clip/)).toBeTruthy();
});

it("goes on where a pointer is lifted without a click", () => {
  vi.useFakeTimers();
  const { show } = opened();
  fireEvent.pointerDown(card("Salt").getByRole("button", { name: "Keep" }));
  fireEvent.pointerUp(document.body);
  show(null, [...ALL.slice(1), ...ALL.slice(0, 1).map((one) => ({ ...one, start_time: 50 }))]);
  expect(titles()).toEqual(["Bread", "Yeast", "Flour", "Salt"]);
  act(() => void vi.runAllTimers());
  vi.useRealTimers();
  expect(titles()).toEqual(["Yeast", "Flour", "Salt", "Bread"]);
});

it("sorts by score and by time again, and merges with the next in time all the same", async () => {
  const { merge } = opened();
  expect(screen.getByRole("list").getAttribute("aria-label")).toBe("Moments in time order");
  fireEvent.click(screen.getByRole("button", { name: "Score" }));
  expect(titles()).toEqual(["Yeast", "Salt", "Bread", "Flour"]);
  expect(screen.getByRole("list").getAttribute("aria-label")).toBe("Moments, best first");
  fireEvent.click(card("Yeast").getByRole("button", { name: "More" }));
  fireEvent.click(await screen.findByRole("menuitem", { name: "Merge with the next" }));
  expect(merge).toHaveBeenCalledWith(ALL[1], ALL[2]);
  // A menu that fades away hides the page from the roles.
  fireEvent.click(screen.getByText("Time"));
  await waitFor(() => expect(titles()).toEqual(["Bread", "Yeast", "Flour", "Salt"]));
});

it("offers no order by scores that are all the same, and shows none", () => {
  opened(ALL.map((one) => ({ ...one, score: 0.5 })));
  expect(screen.queryByRole("button", { name: "Score" })).toBeNull();
  expect(screen.queryByText("Good")).toBeNull();
});

it("keeps or rejects the chosen ones, a range of them with Shift, in the order that is shown", () => {
  const { judge } = opened();
  fireEvent.click(screen.getByRole("button", { name: "Score" }));
  fireEvent.click(box("Salt"));
  fireEvent.click(box("Flour"), { shiftKey: true });
  expect(screen.getByText("3 chosen")).toBeTruthy();
  expect(screen.getByRole("checkbox", { name: "Choose all" }).getAttribute("aria-checked")).toBe("mixed");
  fireEvent.click(screen.getByTitle("Keep the chosen"));
  expect(judge).toHaveBeenCalledWith([ALL[0], ALL[2], ALL[3]], "kept");
  expect(screen.queryByText(/chosen/)).toBeNull();
});

it("chooses all and none, and forgets those that are gone", () => {
  const { judge, show } = opened();
  fireEvent.click(screen.getByRole("checkbox", { name: "Choose all" }));
  expect(screen.getByText("4 chosen")).toBeTruthy();
  show(null, ALL.slice(0, 2));
  expect(screen.getByText("2 chosen")).toBeTruthy();
  fireEvent.click(screen.getByTitle("Reject the chosen"));
  expect(judge).toHaveBeenCalledWith(ALL.slice(0, 2), "rejected");
  fireEvent.click(screen.getByRole("checkbox", { name: "Choose all" }));
  fireEvent.click(screen.getByRole("button", { name: "Clear" }));
  expect(box("Bread").getAttribute("aria-checked")).toBe("false");
});

it("says once what the built-in model can't do in another language, and nothing where it does not matter", () => {
  opened(ALL, { language: "de" });
  expect(screen.getAllByText(/does not know German\. Add a language model\./).length).toBe(1);
  expect(screen.getByRole("link", { name: "Add a model" }).getAttribute("href")).toBe("/settings");
  cleanup();
  opened(ALL, { language: "en" });
  expect(screen.queryByText(/Add a language model/)).toBeNull();
  cleanup();
  opened(
    ALL.map((one) => ({ ...one, engine: "minimax+signal" })),
    { language: "de" },
  );
  expect(screen.queryByText(/Add a language model/)).toBeNull();
});
