import { QueryClient, QueryClientProvider, useQuery } from "@tanstack/react-query";
import { act, cleanup, renderHook, waitFor } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, expect, it, vi } from "vitest";
import type { MomentOut, TranscriptOut } from "@/api/types";
import { transcript, useCorrectWords } from "./media";
import { moments, useMomentWrites } from "./moments";

interface Asked {
  method?: string;
  url: string;
  headers?: Record<string, string>;
  answer: (body: unknown) => void;
}

const asked = vi.hoisted((): Asked[] => []);
vi.mock("@/api/client", async (original) => ({
  ...(await original<typeof import("@/api/client")>()),
  request: (what: Omit<Asked, "answer">) => new Promise((resolve) => asked.push({ ...what, answer: resolve })),
}));

afterEach(() => {
  cleanup();
  asked.length = 0;
});

const ways = () => asked.map(({ method = "GET" }) => method);
// Queries tell what shows them in a turn of its own.
const turn = () => new Promise((resolve) => setTimeout(resolve));
const answer = (index: number, body: unknown) =>
  act(async () => {
    asked[index]?.answer(body);
    await turn();
  });

/** Renders `hook` in a page that shows `query`. */
function beside<Written>(hook: () => Written) {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const wrapper = ({ children }: { children: ReactNode }) => <QueryClientProvider client={client}>{children}</QueryClientProvider>;
  return { client, ...renderHook(hook, { wrapper }) };
}

const moment = (id: string, title: string, etag: string) => ({ identifier: id, title, start_time: Number(id), etag }) as MomentOut;

it("has the moments read again only after the last of several writes, and no write waits for that", async () => {
  const { result } = beside(() => ({ list: useQuery(moments("v")).data, writes: useMomentWrites("v") }));
  await answer(0, { items: [moment("1", "Bread", "a"), moment("2", "Yeast", "b"), moment("3", "Salt", "c")] });
  const titles = () => result.current.list?.map(({ title }) => title);
  const { edit, remove } = result.current.writes;
  await act(async () => {
    void edit({ id: "1", fields: { title: "Loaf" }, etag: "a" });
    void remove({ id: "3", etag: "c" });
    void edit({ id: "2", fields: { title: "Dough" }, etag: "b" });
    await turn();
  });
  expect(titles()).toEqual(["Loaf", "Dough"]);
  expect(ways()).toEqual(["GET", "PATCH"]);
  await answer(1, moment("1", "Loaf", "a2"));
  await waitFor(() => expect(ways()).toEqual(["GET", "PATCH", "DELETE"]));
  await answer(2, "");
  await waitFor(() => expect(ways()).toEqual(["GET", "PATCH", "DELETE", "PATCH"]));
  expect(titles()).toEqual(["Loaf", "Dough"]);
  await answer(3, moment("2", "Dough", "b2"));
  await waitFor(() => expect(ways()).toEqual(["GET", "PATCH", "DELETE", "PATCH", "GET"]));
  // Nobody has answered that last question, and the next write is sent all the same.
  await act(async () => {
    void edit({ id: "1", fields: { title: "Rolls" }, etag: "a" });
    await Promise.resolve();
  });
  await waitFor(() => expect(asked.at(-1)).toMatchObject({ method: "PATCH", headers: { "If-Match": "a2" } }));
  expect(titles()).toEqual(["Rolls", "Dough"]);
});

it("keeps a write that is under way beside what was asked meanwhile, as when a run ends", async () => {
  const { client, result } = beside(() => ({ list: useQuery(moments("v")).data, writes: useMomentWrites("v") }));
  await answer(0, { items: [moment("1", "Bread", "a")] });
  await act(async () => {
    void result.current.writes.edit({ id: "1", fields: { title: "Loaf" }, etag: "a" });
    await turn();
    void client.invalidateQueries({ queryKey: moments("v").queryKey });
    await Promise.resolve();
  });
  expect(ways()).toEqual(["GET", "PATCH", "GET"]);
  await answer(2, { items: [moment("1", "Bread", "a")] });
  expect(result.current.list?.map(({ title }) => title)).toEqual(["Loaf"]);
  await answer(1, moment("1", "Loaf", "a2"));
  await waitFor(() => expect(ways()).toEqual(["GET", "PATCH", "GET", "GET"]));
  await answer(3, { items: [moment("1", "Loaf", "a2"), moment("2", "Theirs", "b")] });
  await waitFor(() => expect(result.current.list?.map(({ title }) => title)).toEqual(["Loaf", "Theirs"]));
});

it("shows no words that were asked before a correction, and sends a second one over the first", async () => {
  const words = (etag: string) => ({ etag, word_timestamps: [] }) as unknown as TranscriptOut;
  const { client, result } = beside(() => ({ said: useQuery(transcript("v")).data, correct: useCorrectWords("v") }));
  await answer(0, words("t1"));
  await act(async () => {
    void client.invalidateQueries({ queryKey: transcript("v").queryKey });
    result.current.correct.mutate({ words: [], etag: "t1" });
    result.current.correct.mutate({ words: [], etag: "t1" });
    await Promise.resolve();
  });
  expect(ways()).toEqual(["GET", "GET", "PATCH"]);
  await answer(2, words("t2"));
  await answer(1, words("t1"));
  await waitFor(() => expect(asked.at(3)).toMatchObject({ method: "PATCH", headers: { "If-Match": "t2" } }));
  expect(result.current.said?.etag).toBe("t2");
  await answer(3, words("t3"));
  await waitFor(() => expect(result.current.said?.etag).toBe("t3"));
});
