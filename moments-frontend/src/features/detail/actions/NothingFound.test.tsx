import { QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { queryClient } from "@/api/queryClient";
import { queryKeys } from "@/api/queryKeys";
import type { NothingOut } from "@/api/types";
import { EditorContext } from "../editor/editor";
import type { Editor } from "../editor/editor";
import { usePlayer, PlayerProvider } from "../player/player";
import { NothingFound } from "./NothingFound";

vi.mock("@/api/client", async (original) => ({ ...(await original<typeof import("@/api/client")>()), request: () => Promise.resolve({ items: [] }) }));

const SILENT: NothingOut = { code: "nothing_found", message: "Nobody speaks in this recording." };
const create = vi.fn();
let seek: (seconds: number) => void;

function Seeker() {
  const player = usePlayer();
  return <button onClick={() => (seek = (seconds) => player.time.set(() => seconds))}>Player</button>;
}

function show(nothing: NothingOut | null, { busy = false, duration = 100 } = {}) {
  queryClient.setQueryData(queryKeys.videos.one("video"), { identifier: "video", duration });
  render(
    <QueryClientProvider client={queryClient}>
      <PlayerProvider>
        <EditorContext value={{ videoId: "video", create } as unknown as Editor}>
          <Seeker />
          <NothingFound nothing={nothing} busy={busy} />
        </EditorContext>
      </PlayerProvider>
    </QueryClientProvider>,
  );
  fireEvent.click(screen.getByText("Player"));
}

beforeEach(() => {
  create.mockReset();
  queryClient.setDefaultOptions({ queries: { ...queryClient.getDefaultOptions().queries, staleTime: Infinity } });
});
afterEach(() => {
  cleanup();
  queryClient.clear();
});

it("says why nothing was found, and leads to another prompt or another model", async () => {
  show(SILENT);
  expect(screen.getByText(/Nobody speaks in this recording\./)).toBeTruthy();
  fireEvent.click(screen.getByRole("button", { name: "Search for something else" }));
  await waitFor(() => expect(document.activeElement).toBe(screen.getByLabelText(/What to look for/)));
  fireEvent.click(screen.getByRole("button", { name: "Cancel" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  fireEvent.click(screen.getByRole("button", { name: "Try another model" }));
  await waitFor(() => expect(document.activeElement).toBe(screen.getByRole("combobox", { name: "Model that finds moments" })));
});

it("makes a moment by hand at the playhead, inside the recording", () => {
  show(SILENT);
  seek(20);
  fireEvent.click(screen.getByRole("button", { name: "Make a moment by hand" }));
  seek(95);
  fireEvent.click(screen.getByRole("button", { name: "Make a moment by hand" }));
  expect(create.mock.calls).toEqual([
    ["New moment", 20, 50],
    ["New moment", 70, 100],
  ]);
  cleanup();
  show(SILENT, { duration: 12 });
  seek(5);
  fireEvent.click(screen.getByRole("button", { name: "Make a moment by hand" }));
  expect(create).toHaveBeenLastCalledWith("New moment", 0, 12);
});

it("offers no search while one runs, nor before the first one has ended", () => {
  show(SILENT, { busy: true });
  expect(screen.getByRole("button", { name: "Search for something else" }).hasAttribute("disabled")).toBe(true);
  cleanup();
  show(null, { busy: true });
  expect(screen.queryByRole("button", { name: "Search for something else" })).toBeNull();
  expect(screen.getByText(/as soon as the search is done/)).toBeTruthy();
});
