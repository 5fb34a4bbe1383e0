import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import type { StageOut } from "@/api/types";
import { StageList } from "./StageList";
import { StatusChip } from "./StatusChip";

afterEach(cleanup);

const STAGE: StageOut = { name: "TRANSCRIPTION", status: "processing", started_at: "2026-02-18T10:00:00Z", completed_at: null, reason: null, progress: 0.5, waiting_for: null };

it("says what a stage and its run wait for", () => {
  const { rerender } = render(<StageList stages={[STAGE]} />);
  expect(screen.queryByText(/waiting for/)).toBeNull();
  rerender(<StageList stages={[{ ...STAGE, waiting_for: "whisper_base" }]} />);
  expect(screen.getByText("waiting for whisper_base, which does not answer")).toBeTruthy();
});

it("shows a wait in place of the status", () => {
  const { rerender } = render(<StatusChip status="processing" stalled={false} waitingFor="whisper_base" />);
  expect(screen.getByText("Waiting for whisper_base")).toBeTruthy();
  rerender(<StatusChip status="processing" stalled={false} waitingFor={null} />);
  expect(screen.getByText("In progress")).toBeTruthy();
});
