import { QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { queryClient } from "@/api/queryClient";
import type { StageName, StageOut } from "@/api/types";
import { USUAL_SHARES } from "@/lib/runProgress";
import { placeInWords, RunProgress } from "./RunProgress";

const queued: { request_id: string }[] = [];

vi.mock("@/api/client", async (original) => ({
  ...(await original<typeof import("@/api/client")>()),
  request: ({ params }: { params: { status: string } }) => Promise.resolve({ items: params.status === "queued" ? queued : [], next_cursor: null }),
}));

const NOW = Date.parse("2026-02-18T10:01:00Z");

beforeEach(() => {
  vi.spyOn(Date, "now").mockReturnValue(NOW);
});
afterEach(() => {
  cleanup();
  queryClient.clear();
  queued.length = 0;
});

const STAGES = (Object.keys(USUAL_SHARES) as StageName[]).map((name): StageOut => ({
  name,
  status: "pending",
  started_at: null,
  completed_at: null,
  reason: null,
  progress: null,
  waiting_for: null,
}));
const transcribing = STAGES.map((stage) =>
  stage.name === "TRANSCRIPTION" ? { ...stage, status: "processing" as const, started_at: new Date(NOW - 31_000).toISOString(), progress: 0.5 } : stage,
);

const show = (fields: Partial<Parameters<typeof RunProgress>[0]["run"]>) => (
  <QueryClientProvider client={queryClient}>
    <RunProgress run={{ request_id: "mine", status: "processing", stages: transcribing, current_stage: "TRANSCRIPTION", stalled: false, waiting_for: null, ...fields }} />
  </QueryClientProvider>
);

it("shows each stage as wide as its expected time, what is done, and the time left", () => {
  const { container } = render(show({}));
  const bar = screen.getByRole("progressbar", { name: "Progress of the run" });
  expect(bar.getAttribute("aria-valuenow")).toBe("31");
  expect(bar.getAttribute("aria-valuetext")).toBe("Transcribing the speech, about a minute left");
  expect(screen.getByText("about a minute left")).toBeTruthy();
  const part = container.querySelector<HTMLElement>("[data-part=TRANSCRIPTION]");
  expect(part?.style.flexGrow).toBe("0.62");
  expect((part?.firstChild as HTMLElement).style.width).toBe("50%");
});

it("does not lengthen the time left while the next report of progress is awaited", () => {
  vi.useFakeTimers({ now: NOW });
  try {
    render(show({}));
    expect(screen.getByText("about a minute left")).toBeTruthy();
    act(() => void vi.advanceTimersByTime(20_000));
    expect(screen.getByText("about a minute left")).toBeTruthy();
    // Seen for the first time so late, the same report means a slower run.
    cleanup();
    render(show({}));
    expect(screen.getByText("about 2 minutes left")).toBeTruthy();
  } finally {
    vi.useRealTimers();
  }
});

it("promises no time while nothing works on the run", () => {
  const { rerender } = render(show({ stalled: true }));
  expect(screen.queryByText(/left/)).toBeNull();
  rerender(show({ waiting_for: "whisper_base" }));
  expect(screen.queryByText(/left/)).toBeNull();
  rerender(show({ stages: STAGES, current_stage: null }));
  expect(screen.getByText("estimating the time left")).toBeTruthy();
});

it("shows the place in the queue", async () => {
  queued.push({ request_id: "newer" }, { request_id: "mine" }, { request_id: "older" }, { request_id: "oldest" });
  render(show({ status: "queued", stages: STAGES, current_stage: null }));
  await waitFor(() => expect(screen.getByText("Number 3 in the queue")).toBeTruthy());
  expect(screen.queryByText(/left/)).toBeNull();
});

it("says the place in words, and no more than is known", () => {
  const items = ["a", "b", "c"].map((request_id) => ({ request_id }));
  expect(placeInWords({ items, next_cursor: null }, "c")).toBe("Next in the queue");
  expect(placeInWords({ items, next_cursor: null }, "a")).toBe("Number 3 in the queue");
  expect(placeInWords({ items, next_cursor: "more" }, "a")).toBe("In the queue, with 2 or more before it");
  expect(placeInWords({ items, next_cursor: null }, "gone")).toBe("In the queue");
  expect(placeInWords(undefined, "a")).toBe("In the queue");
});
