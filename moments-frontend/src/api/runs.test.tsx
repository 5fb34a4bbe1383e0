import { QueryClientProvider, useQuery } from "@tanstack/react-query";
import { act, cleanup, renderHook } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { HIDDEN_POLL_MS, POLL_MS } from "@/hooks/polling";
import { queryClient } from "./queryClient";
import { runStatus } from "./runs";
import type { RunStatus, StatusOut } from "./types";

const MINUTE_MS = 60_000;

const wrapper = ({ children }: { children: ReactNode }) => <QueryClientProvider client={queryClient}>{children}</QueryClientProvider>;

/** Changes the properties and then sends the event, as a browser does. */
function show(state: DocumentVisibilityState): void {
  Object.defineProperty(document, "visibilityState", { configurable: true, get: () => state });
  Object.defineProperty(document, "hidden", { configurable: true, get: () => state === "hidden" });
  document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
}

/** Runs the page's own query against a server that answers with `status` and counts requests. */
function watched(status: () => RunStatus): { asked: () => number } {
  let count = 0;
  renderHook(
    () =>
      useQuery({
        ...runStatus("a video"),
        queryFn: () => {
          count += 1;
          return Promise.resolve({ status: status(), stalled: false } as StatusOut);
        },
      }),
    { wrapper },
  );
  return { asked: () => count };
}

const pass = (milliseconds: number) => act(() => vi.advanceTimersByTimeAsync(milliseconds));

beforeEach(() => {
  vi.useFakeTimers();
  show("visible");
});

afterEach(() => {
  cleanup();
  queryClient.clear();
  vi.useRealTimers();
  Reflect.deleteProperty(document, "visibilityState");
  Reflect.deleteProperty(document, "hidden");
});

it("F75: backs off in a hidden tab, goes on slowly there, and asks at once when the tab is looked at again", async () => {
  const { asked } = watched(() => "processing");
  await pass(MINUTE_MS);
  const inSight = asked();
  expect(inSight).toBe(1 + MINUTE_MS / POLL_MS);

  show("hidden");
  await pass(POLL_MS); // the one that was due
  const before = asked();
  await pass(MINUTE_MS);
  expect(asked() - before).toBe(MINUTE_MS / HIDDEN_POLL_MS);

  await pass(HIDDEN_POLL_MS / 2);
  const away = asked();
  show("visible");
  await pass(0);
  expect(asked()).toBe(away + 1);
  await pass(POLL_MS * 5);
  expect(asked()).toBe(away + 6);
});

it.each(["completed", "failed", "cancelled"] as const)("F75: a run that is %s is asked for no more, in sight or not", async (end) => {
  let status: RunStatus = "processing";
  const { asked } = watched(() => status);
  await pass(POLL_MS * 3);
  status = end;
  await pass(POLL_MS);
  const last = asked();
  await pass(10 * MINUTE_MS);
  show("hidden");
  await pass(10 * MINUTE_MS);
  expect(asked()).toBe(last);
});
