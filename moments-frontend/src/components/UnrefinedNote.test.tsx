import { QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { queryClient } from "@/api/queryClient";
import type { RunStatus } from "@/api/types";
import { UnrefinedNote } from "./UnrefinedNote";

const { asked } = vi.hoisted(() => ({ asked: vi.fn(() => Promise.resolve({ request_id: "new", video_id: "v", status: "queued" })) }));

vi.mock("@/api/client", async (original) => ({ ...(await original<typeof import("@/api/client")>()), request: asked }));

afterEach(() => {
  cleanup();
  queryClient.clear();
  asked.mockClear();
});

function shown(left: number, status: RunStatus = "completed") {
  const reasons = [{ code: "model_unreachable", message: "Model m is not reachable.", advice: "Start it.", moments: 2 }];
  const unrefined = { moments: 2, total: 5, message: "2 of 5 moments keep their first boundaries: Model m is not reachable.", reasons, left };
  render(
    <QueryClientProvider client={queryClient}>
      <UnrefinedNote run={{ video_id: "v", request_id: "r", status, unrefined }} />
    </QueryClientProvider>,
  );
}

it("says how many moments keep their first boundaries and why, and has the rest refined", async () => {
  shown(2);
  expect(screen.getByRole("alert").textContent).toContain("2 of 5 moments keep their first boundaries: Model m is not reachable. Start it.");
  fireEvent.click(screen.getByRole("button", { name: "Adjust the rest" }));
  await waitFor(() => expect(asked).toHaveBeenCalledWith(expect.objectContaining({ method: "POST", url: "api/pipeline/v/retry", params: { request_id: "r" } })));
});

it("offers nothing once none is left", () => {
  shown(0);
  expect(screen.getByRole("alert").textContent).toContain("adjusted or edited since");
  expect(screen.queryByRole("button")).toBeNull();
});

it("says nothing while a run goes on", () => {
  shown(2, "processing");
  expect(screen.queryByRole("alert")).toBeNull();
});
