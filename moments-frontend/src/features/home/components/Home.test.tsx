import { QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { createMemoryRouter, RouterProvider } from "react-router";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { queryClient } from "@/api/queryClient";
import type { StartOptions } from "@/api/types";
import { startUpload } from "@/api/uploads";
import { Home } from "./Home";

interface Sent {
  method?: string;
  url: string;
  params?: { status?: string };
  data?: Partial<StartOptions>;
}

const server = vi.hoisted(() => ({ videos: [] as object[], failed: [] as object[], processing: [] as object[], posted: [] as Sent[], holding: false }));

vi.mock("@/api/uploads", async (original) => ({ ...(await original<typeof import("@/api/uploads")>()), startUpload: vi.fn() }));
vi.mock("@/api/client", async (original) => ({
  ...(await original<typeof import("@/api/client")>()),
  request: (sent: Sent) => {
    if (server.holding) return new Promise(() => undefined);
    if (sent.method === "POST") {
      server.posted.push(sent);
      return Promise.resolve({ request_id: "run", video_id: `of ${sent.url}`, status: "queued" });
    }
    if (sent.url === "api/videos") return Promise.resolve({ items: server.videos });
    if (sent.url.endsWith("/status")) return Promise.resolve(run({ status: "queued", stages: [] }));
    const items = sent.params?.status === "failed" ? server.failed : sent.params?.status === "processing" ? server.processing : [];
    return Promise.resolve({ items, next_cursor: null });
  },
}));

const run = (fields: object) => ({
  request_id: "run",
  video_id: "video",
  title: "A talk",
  status: "failed",
  stages: [],
  error: null,
  note: null,
  current_stage: null,
  stalled: false,
  completed_at: null,
  ...fields,
});
const video = (number: number, status: string) => ({
  identifier: `v${number}`,
  title: `Recording ${number}`,
  status,
  duration: 60,
  thumbnail: { url: `/still-${number}.jpg` },
  moment_count: 3,
  nothing: null,
  created_at: "2026-02-18T10:00:00Z",
});

beforeEach(() => {
  Object.assign(server, { videos: [], failed: [], processing: [], posted: [], holding: false });
  sessionStorage.clear();
  vi.mocked(startUpload).mockReset();
});
afterEach(() => {
  cleanup();
  queryClient.clear();
});

const show = () =>
  render(
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={createMemoryRouter([{ path: "*", element: <Home /> }])} />
    </QueryClientProvider>,
  );
const write = (label: RegExp | string, text: string) => fireEvent.change(screen.getByLabelText(label), { target: { value: text } });

it("says what it is, and invites where there is nothing yet", async () => {
  show();
  expect(screen.getByRole("heading", { level: 1 }).textContent).toBe("Find the moments worth keeping");
  expect(await screen.findByText("Your recordings will appear here")).toBeTruthy();
  expect(screen.queryByRole("region", { name: "Failed" })).toBeNull();
});

it("starts a link, a file and the sample, each with the prompt beside them, and shows what was started", async () => {
  show();
  write("Paste a link", "https://example.com/talk.mp4");
  write(/What to look for/, "the jokes");
  fireEvent.drop(screen.getByLabelText("Paste a link"), { dataTransfer: { files: [new File(["hello"], "own.mp4")] } });
  expect(startUpload).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ name: "own.mp4" }), { prompt: "the jokes" });
  fireEvent.click(screen.getByRole("button", { name: "Find moments" }));
  expect(await screen.findByRole("heading", { name: "talk.mp4" })).toBeTruthy();
  fireEvent.click(screen.getByRole("button", { name: "Try the sample" }));
  expect(await screen.findByRole("heading", { name: "Sample: five short talks" })).toBeTruthy();
  expect(server.posted.map(({ url, data }) => [url, data])).toEqual([
    ["api/generate_moments", { url: "https://example.com/talk.mp4", prompt: "the jokes" }],
    ["api/generate_moments/sample", { prompt: "the jokes" }],
  ]);
  expect(screen.getByRole("region", { name: "Just added" })).toBeTruthy();
});

it("sends the options, and nothing while they contradict each other", async () => {
  show();
  write("Paste a link", "https://example.com/other.mp4");
  fireEvent.click(screen.getByRole("button", { name: "More options" }));
  write("Shortest moment (seconds)", "90");
  write("Longest moment (seconds)", "30");
  for (const name of ["Find moments", "Choose files", "Try the sample"]) expect(screen.getByRole("button", { name }).hasAttribute("disabled")).toBe(true);
  write("Longest moment (seconds)", "120");
  fireEvent.click(screen.getByRole("button", { name: "Fewer options" }));
  fireEvent.click(screen.getByRole("button", { name: "Find moments" }));
  await waitFor(() => expect(server.posted[0]?.data).toEqual({ url: "https://example.com/other.mp4", min_duration: 90, max_duration: 120 }));
});

it("says of what is no link that it is none", () => {
  show();
  write("Paste a link", "my talk");
  expect(screen.getByText("“my” is not a link. A link starts with https://.")).toBeTruthy();
  expect(screen.getByRole("button", { name: "Find moments" }).hasAttribute("disabled")).toBe(true);
});

it("shows at most eight recent recordings with their pictures, and none that is still in progress", async () => {
  server.videos = [video(0, "processing"), ...Array.from({ length: 12 }, (_, index) => video(index + 1, "completed"))];
  const { container } = show();
  const list = within(await screen.findByRole("list", { name: "Recent recordings" }));
  expect(list.getAllByRole("link").map((link) => link.getAttribute("href"))).toEqual(Array.from({ length: 8 }, (_, index) => `/videos/v${index + 1}`));
  expect(container.querySelectorAll("img[src^='/still-']")).toHaveLength(8);
  expect(list.queryByRole("checkbox")).toBeNull();
});

it("keeps the places of the recordings while they are loaded", () => {
  server.holding = true;
  show();
  expect(screen.getByRole("status", { name: "Loading the recent recordings" }).childElementCount).toBe(4);
});

it("lists what failed with the reason, to be tried again or dismissed", async () => {
  server.failed = [run({ error: { stage: null, code: "not_found", message: "The server answered 404.", advice: "Check the URL." } })];
  show();
  const failed = within(await screen.findByRole("region", { name: "Failed" }));
  expect(failed.getByText("The server answered 404. Check the URL.")).toBeTruthy();
  expect(failed.getByRole("button", { name: "Dismiss all failed" })).toBeTruthy();
  fireEvent.click(failed.getByRole("button", { name: "Dismiss" }));
  await waitFor(() => expect(server.posted.map(({ url }) => url)).toEqual(["api/pipeline/video/dismiss"]));
});
