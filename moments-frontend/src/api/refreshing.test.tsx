import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, renderHook } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, expect, it, vi } from "vitest";
import { useGenerate } from "./generate";
import { queryKeys } from "./queryKeys";
import { useDismissFailed, useDismissRun } from "./runs";

vi.mock("./client", () => ({ request: () => Promise.resolve({}) }));

afterEach(cleanup);

const shown = { runs: queryKeys.runs.overview, videos: queryKeys.videos.one("a"), models: queryKeys.models.all, me: queryKeys.me, stream: queryKeys.stream.of("a") };

/** Renders a mutation in a page whose queries are loaded and stay fresh, and returns it with what it made stale. */
function beside<Mutation>(hook: () => Mutation) {
  const client = new QueryClient();
  for (const queryKey of Object.values(shown)) client.setQueryData(queryKey, {});
  const wrapper = ({ children }: { children: ReactNode }) => <QueryClientProvider client={client}>{children}</QueryClientProvider>;
  const { result } = renderHook(hook, { wrapper });
  const stale = () => Object.entries(shown).flatMap(([name, queryKey]) => (client.getQueryState(queryKey)?.isInvalidated ? [name] : []));
  return { client, result, stale };
}

it("asks again only for the lists of runs and videos, not for everything that is shown", async () => {
  const generate = beside(useGenerate);
  await act(() => generate.result.current.mutateAsync({ url: "https://example.com/a.mp4", options: {} }));
  expect(generate.stale()).toEqual(["runs", "videos"]);
  const one = beside(useDismissRun);
  await act(() => one.result.current.mutateAsync({ videoId: "a", requestId: "b" }));
  expect(one.stale()).toEqual(["runs", "videos"]);
  const all = beside(useDismissFailed);
  await act(() => all.result.current.mutateAsync());
  expect(all.stale()).toEqual(["runs", "videos"]);
});

it("starts the next of several addresses before the lists have been read again", async () => {
  const { client, result } = beside(useGenerate);
  const invalidated = vi.spyOn(client, "invalidateQueries").mockReturnValue(new Promise(() => undefined));
  await act(() => result.current.mutateAsync({ url: "https://example.com/a.mp4", options: {} }));
  expect(invalidated).toHaveBeenCalledTimes(2);
});
