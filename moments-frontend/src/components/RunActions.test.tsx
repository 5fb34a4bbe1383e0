import { QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { queryClient } from "@/api/queryClient";
import { type Notification, NotificationsContext } from "@/hooks/useNotify";
import { RunActions } from "./RunActions";

const asked: string[] = [];

vi.mock("@/api/client", async (original) => ({
  ...(await original<typeof import("@/api/client")>()),
  request: ({ url, params }: { url: string; params?: { request_id: string } }) => {
    asked.push(`${url} ${params?.request_id ?? ""}`);
    return Promise.resolve({});
  },
}));

afterEach(() => {
  cleanup();
  queryClient.clear();
  asked.length = 0;
});

function shown(status: "failed" | "completed" | "processing", dismissed = false) {
  const told: Notification[] = [];
  const changes: boolean[] = [];
  render(
    <QueryClientProvider client={queryClient}>
      <NotificationsContext.Provider value={(one) => told.push(one)}>
        <RunActions videoId="video" requestId="run" status={status} dismissed={dismissed} onDismissed={(now) => changes.push(now)} />
      </NotificationsContext.Provider>
    </QueryClientProvider>,
  );
  return { told, changes };
}

it("dismisses a failed run, with a way back", async () => {
  const { told, changes } = shown("failed");
  fireEvent.click(screen.getByRole("button", { name: "Dismiss" }));
  await waitFor(() => expect(told).toHaveLength(1));
  expect(asked).toEqual(["api/pipeline/video/dismiss run"]);
  expect(told[0]?.action?.label).toBe("Undo");
  told[0]?.action?.run();
  await waitFor(() => expect(changes).toEqual([true, false]));
  expect(asked).toEqual(["api/pipeline/video/dismiss run", "api/pipeline/video/undismiss run"]);
});

it("tells of a dismissal, and takes its Undo, when the card has left the list before the answer was there", async () => {
  const { told, changes } = shown("failed");
  fireEvent.click(screen.getByRole("button", { name: "Dismiss" }));
  cleanup();
  await waitFor(() => expect(told).toHaveLength(1));
  told[0]?.action?.run();
  await waitFor(() => expect(changes).toEqual([true, false]));
});

it("lists a dismissed run again", async () => {
  const { changes } = shown("failed", true);
  fireEvent.click(screen.getByRole("button", { name: "Show in lists again" }));
  await waitFor(() => expect(changes).toEqual([false]));
  expect(asked).toEqual(["api/pipeline/video/undismiss run"]);
});

it("dismisses neither what runs nor what is done", () => {
  shown("processing");
  shown("completed");
  expect(screen.queryByRole("button", { name: "Dismiss" })).toBeNull();
});
