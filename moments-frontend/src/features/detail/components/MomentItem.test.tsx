import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import type { MomentOut } from "@/api/types";
import type { Editor } from "../hooks/useEditor";
import { MomentItem } from "./MomentItem";

vi.mock("../hooks/player", () => ({ usePlayer: () => ({ playRange: () => undefined }) }));

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
  score: 0.5,
} as unknown as MomentOut;

function shown(moment: MomentOut, busy: boolean) {
  const refine = vi.fn();
  const editor = { refine } as unknown as Editor;
  render(<MomentItem moment={moment} next={null} colour={0} selected={false} onSelect={() => undefined} editor={editor} busy={busy} />);
  return refine;
}

afterEach(cleanup);

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
