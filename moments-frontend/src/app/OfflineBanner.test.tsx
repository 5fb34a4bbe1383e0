import { QueryClientProvider, useQuery } from "@tanstack/react-query";
import { act, cleanup, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ApiError } from "@/api/client";
import { queryClient } from "@/api/queryClient";
import { queryKeys } from "@/api/queryKeys";
import { OfflineBanner } from "./OfflineBanner";

let reachable = true;

vi.mock("@/api/client", async (original) => ({
  ...(await original<typeof import("@/api/client")>()),
  request: () => (reachable ? Promise.resolve({ postgresql: "ok" }) : Promise.reject(new ApiError(0, {}))),
}));

function Videos() {
  const { data, error } = useQuery({
    queryKey: queryKeys.videos.all,
    queryFn: () => (reachable ? Promise.resolve("a video") : Promise.reject(new ApiError(0, {}))),
  });
  return <p>{data ?? error?.message}</p>;
}

const pass = (milliseconds: number) => act(() => vi.advanceTimersByTimeAsync(milliseconds));

beforeEach(() => vi.useFakeTimers());

afterEach(() => {
  cleanup();
  queryClient.clear();
  vi.useRealTimers();
});

it("asks again, once the server is back, for what it did not answer", async () => {
  reachable = false;
  render(
    <QueryClientProvider client={queryClient}>
      <OfflineBanner />
      <Videos />
    </QueryClientProvider>,
  );
  await pass(10_000);
  expect(screen.getByRole("status").textContent).toContain("The server does not answer.");
  expect(screen.queryByText("a video")).toBeNull();
  reachable = true;
  await pass(10_000);
  expect(screen.queryByRole("status")).toBeNull();
  expect(screen.getByText("a video")).toBeTruthy();
});
