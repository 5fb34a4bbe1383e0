import { cleanup, fireEvent, render, screen, within } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { forgetKey, storeKey } from "@/api/key";
import type { MomentOut, Word } from "@/api/types";
import { type Editor, EditorContext } from "../editor/editor";
import { MomentItem } from "./MomentItem";

const player = vi.hoisted(() => ({ playRange: vi.fn(), time: { get: () => 12 } }));
vi.mock("../player/player", () => ({ usePlayer: () => player }));

const found = {
  identifier: "m1",
  title: "Bread and Flour",
  start_time: 1,
  end_time: 30,
  engine: "extractive",
  edited_at: null,
  reason: null,
  review: "new",
  parent: null,
  clip: null,
  clip_error: null,
  score: 0.8,
} as unknown as MomentOut;
const after = { ...found, identifier: "m2", title: "Yeast" };
const words: Word[] = ["Um,", "my", "first", "website", "cost", "two", "hundred", "dollars."].map((word, at) => ({
  word,
  start: 2 + at,
  end: 2.9 + at,
  confidence: word === "hundred" ? 0.1 : 0.9,
}));

function shown(moment: MomentOut, more: { busy?: boolean; next?: MomentOut | null; rated?: boolean; words?: readonly Word[] | null; doubts?: boolean; picked?: boolean } = {}) {
  const editor = { select: vi.fn(), edit: vi.fn(), move: vi.fn(), split: vi.fn(), merge: vi.fn(), refine: vi.fn(), remove: vi.fn() };
  const onPick = vi.fn();
  const { busy = false, next = null, rated = true, doubts = true, picked = false } = more;
  render(
    <EditorContext value={editor as unknown as Editor}>
      <MomentItem {...{ moment, next, busy, rated, doubts, picked, onPick }} words={more.words ?? null} colour={0} selected={false} />
    </EditorContext>,
  );
  return { ...editor, onPick };
}

/** Opens the menu and returns its entry. */
async function entry(name: RegExp) {
  fireEvent.click(screen.getByRole("button", { name: "More" }));
  return within(await screen.findByRole("menu")).getByRole("menuitem", { name });
}

afterEach(() => {
  cleanup();
  forgetKey();
  vi.clearAllMocks();
});

it("shows a caller who may only look nothing that changes anything", async () => {
  storeKey("vm_test", false); // until the server says more, a key may only look
  shown(found);
  expect(screen.getByText("Bread and Flour")).toBeTruthy();
  expect([...screen.queryAllByRole("textbox"), ...screen.queryAllByRole("checkbox")]).toEqual([]);
  expect(screen.getAllByRole("button").map((button) => button.getAttribute("aria-label"))).toEqual(["Play Bread and Flour", "How it was found", "More"]);
  fireEvent.click(screen.getByRole("button", { name: "More" }));
  expect((await screen.findAllByRole("menuitem")).map((one) => one.textContent)).toEqual(["Play itEnter", "Play again and again"]);
});

it("has two labelled actions, which judge it and take the judgement back", () => {
  const { edit } = shown(found);
  fireEvent.click(screen.getByRole("button", { name: "Keep" }));
  expect(edit).toHaveBeenLastCalledWith(found, { review: "kept" }, "Judgement");
  fireEvent.click(screen.getByRole("button", { name: "Reject" }));
  expect(edit).toHaveBeenLastCalledWith(found, { review: "rejected" }, "Judgement");
  cleanup();
  const kept = { ...found, review: "kept" } as MomentOut;
  const again = shown(kept);
  expect(screen.getByRole("button", { name: "Keep" }).getAttribute("aria-pressed")).toBe("true");
  fireEvent.click(screen.getByRole("button", { name: "Keep" }));
  expect(again.edit).toHaveBeenLastCalledWith(kept, { review: "new" }, "Judgement");
});

it("names the other actions and their keys in a menu", async () => {
  const { split, move, merge } = shown(found, { next: after });
  const wanted = await entry(/^Split at the playhead/);
  expect(screen.getAllByRole("menuitem").map((one) => one.textContent)).toEqual([
    "Play itEnter",
    "Play again and again",
    "Start at the playheadI",
    "End at the playheadO",
    "Split at the playheadS",
    "Merge with the next",
    "Refine its boundaries again",
    "DeleteDelete",
  ]);
  fireEvent.click(wanted);
  expect(split).toHaveBeenCalledWith(found, 12);
  cleanup();
  const other = shown(found, { next: after });
  fireEvent.click(await entry(/^End at the playhead/));
  expect(other.move).toHaveBeenCalledWith(found, 1, 12, false);
  expect([move.mock.calls.length, merge.mock.calls.length]).toEqual([0, 0]);
});

it("refines a moment again that a model found", async () => {
  const { refine } = shown(found);
  fireEvent.click(await entry(/^Refine its boundaries again/));
  expect(refine).toHaveBeenCalledWith(found);
});

it("says why one that a person edited, or one that a run is at work on, is not", async () => {
  shown({ ...found, edited_at: "2026-01-01T00:00:00Z" });
  expect((await entry(/It is yours: no model moves it/)).getAttribute("aria-disabled")).toBe("true");
  cleanup();
  shown(found, { busy: true });
  expect((await entry(/A run is at work/)).getAttribute("aria-disabled")).toBe("true");
});

it("says in a sentence what it is about, and marks words that were hardly heard", () => {
  shown(found, { words });
  expect(screen.getByText(/my first website/).closest("p")?.textContent).toBe("… my first website cost two hundred dollars.");
  expect([...document.querySelectorAll("[data-unsure]")].map((one) => one.textContent)).toEqual(["hundred"]);
  cleanup();
  shown(found, { words, doubts: false });
  expect(document.querySelectorAll("[data-unsure]").length).toBe(0);
});

it("says its score in a word, and leaves it out where it means nothing", () => {
  shown(found);
  expect(screen.getByText("Strong")).toBeTruthy();
  expect(screen.getByText("29 s")).toBeTruthy();
  cleanup();
  shown(found, { rated: false });
  expect(screen.queryByText("Strong")).toBeNull();
});

it("says who found it, and what was measured, only when asked", async () => {
  shown({ ...found, reason: "A passage on one topic (measured on the wording).", parent: { identifier: "p", start_time: 2, end_time: 9 } });
  expect(screen.queryByText("Found by VideoMoments")).toBeNull();
  fireEvent.click(screen.getByRole("button", { name: "How it was found" }));
  const about = await screen.findByRole("dialog", { name: "How “Bread and Flour” was found" });
  expect(within(about).getByText("Found by VideoMoments")).toBeTruthy();
  expect(within(about).getByText("extractive: A passage on one topic (measured on the wording).")).toBeTruthy();
  expect(within(about).getByText(/^Strong: a score of 80 of 100/)).toBeTruthy();
  fireEvent.click(within(about).getByRole("button"));
  expect(player.playRange).toHaveBeenCalledWith(2, 9);
});

it("says beside a moment that it has no clip, and there why", async () => {
  shown({ ...found, clip_error: "No picture of the asked stretch can be read." });
  fireEvent.click(screen.getByRole("button", { name: "How it was found: no clip" }));
  expect(await screen.findByText("No clip: No picture of the asked stretch can be read.")).toBeTruthy();
});

it("F98: says what was hard to hear", async () => {
  shown({ ...found, hard_to_hear: true, confidence: 0.52 });
  fireEvent.click(screen.getByRole("button", { name: "How it was found: hard to hear" }));
  expect(await screen.findByText("Hard to hear: one word of three or more is likely wrong (confidence 0.52).")).toBeTruthy();
  cleanup();
  shown({ ...found, hard_to_hear: false, confidence: 0.9 });
  expect(screen.queryByRole("button", { name: /hard to hear/ })).toBeNull();
});

it("is picked by its box, with Shift as the end of a range", () => {
  const { onPick } = shown(found);
  const box = screen.getByRole("checkbox", { name: "Choose Bread and Flour" });
  expect(box.getAttribute("aria-checked")).toBe("false");
  fireEvent.click(box);
  fireEvent.click(box, { shiftKey: true });
  expect(onPick.mock.calls).toEqual([
    ["m1", false],
    ["m1", true],
  ]);
});
