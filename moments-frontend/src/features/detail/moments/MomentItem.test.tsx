import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { forgetKey, storeKey } from "@/api/key";
import type { MomentOut } from "@/api/types";
import { type Editor, EditorContext } from "../editor/editor";
import { MomentItem } from "./MomentItem";

vi.mock("../player/player", () => ({ usePlayer: () => ({ playRange: () => undefined }) }));

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
  score: 0.5,
} as unknown as MomentOut;

function shown(moment: MomentOut, busy: boolean) {
  const refine = vi.fn();
  const editor = { refine } as unknown as Editor;
  render(
    <EditorContext value={editor}>
      <MomentItem moment={moment} next={null} colour={0} selected={false} busy={busy} />
    </EditorContext>,
  );
  return refine;
}

afterEach(() => {
  cleanup();
  forgetKey();
});

it("shows a caller who may only look nothing that changes anything", () => {
  storeKey("vm_test", false); // until the server says more, a key may only look
  shown(found, false);
  expect(screen.getByText("Bread and Flour")).toBeTruthy();
  expect(screen.queryAllByRole("textbox")).toEqual([]);
  expect(screen.getAllByRole("button").map((button) => button.getAttribute("aria-label"))).toEqual(["Play Bread and Flour", "Play again and again"]);
});

it("says who found it, and what was measured only when asked", () => {
  shown({ ...found, reason: "A passage on one topic (measured on the wording)." }, false);
  expect(screen.getByText("Found by VideoMoments")).toBeTruthy();
  const details = screen.getByText("How it was found").closest("details");
  expect(details?.open).toBe(false);
  expect(details?.textContent).toContain("extractive: A passage on one topic (measured on the wording).");
});

it("refines a moment again that a model found", () => {
  const refine = shown(found, false);
  fireEvent.click(screen.getByRole("button", { name: "Refine its boundaries again" }));
  expect(refine).toHaveBeenCalledWith(found);
});

it("says why one that a person edited, or one that a run is at work on, is not", () => {
  shown({ ...found, edited_at: "2026-01-01T00:00:00Z" }, false);
  expect(screen.getByRole("button", { name: "Yours: no model moves it" }).hasAttribute("disabled")).toBe(true);
  cleanup();
  shown(found, true);
  expect(screen.getByRole("button", { name: /^A run is at work/ }).hasAttribute("disabled")).toBe(true);
});

it("says beside a moment why its clip can't be cut", () => {
  shown({ ...found, clip_error: "No picture of the asked stretch can be read." }, false);
  expect(screen.getByText("No clip: No picture of the asked stretch can be read.")).toBeTruthy();
});

it("F98: says what was hard to hear", () => {
  shown({ ...found, hard_to_hear: true, confidence: 0.52 }, false);
  expect(screen.getByText("Hard to hear: one word of three or more is likely wrong (confidence 0.52).")).toBeTruthy();
  cleanup();
  shown({ ...found, hard_to_hear: false, confidence: 0.9 }, false);
  expect(screen.queryByText(/Hard to hear/)).toBeNull();
});
