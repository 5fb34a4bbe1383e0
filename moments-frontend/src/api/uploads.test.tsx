import { act, cleanup, renderHook, waitFor } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { ApiError } from "./client";
import { dropUpload, resumeUpload, startUpload, useUploads } from "./uploads";

interface Options {
  onError: (error: Error) => void;
  onSuccess: () => void;
}

const sent = vi.hoisted(() => ({ times: 0, whole: false }));
const request = vi.hoisted(() => vi.fn<(asked: { url: string; data?: unknown }) => Promise<unknown>>());
let answer: { status: number; body: string } | null = null;

vi.mock("tus-js-client", () => ({
  Upload: class {
    url = "/api/videos/upload/1";
    constructor(
      readonly file: File,
      readonly options: Options,
    ) {}
    findPreviousUploads = () => Promise.resolve([]);
    abort = () => Promise.resolve();
    start = () => {
      sent.times += 1;
      if (sent.whole) {
        this.options.onSuccess();
        return;
      }
      const response = answer && { getStatus: () => answer?.status, getBody: () => answer?.body };
      this.options.onError(Object.assign(new Error("tus: it failed"), { originalResponse: response }));
    };
  },
}));

vi.mock("./client", async (original) => ({ ...(await original<typeof import("./client")>()), request }));

afterEach(() => {
  cleanup();
  Object.assign(sent, { times: 0, whole: false });
});

it.each([
  [{ status: 422, body: JSON.stringify({ detail: "The file is text.", advice: "Give a video." }) }, "refused", "The file is text. Give a video."],
  [{ status: 503, body: JSON.stringify({ detail: "The store fails." }) }, "failed", "The store fails."],
  [{ status: 502, body: "<html>Bad gateway</html>" }, "failed", "The connection was lost. Resume continues where the upload stopped."],
  [null, "failed", "The connection was lost. Resume continues where the upload stopped."],
])("says what the server said of a file, and whether to try again (%#)", async (said, state, problem) => {
  answer = said;
  const { result } = renderHook(() => useUploads());
  await act(() => startUpload(new File(["hello"], "talk.mp4"), {}));
  await waitFor(() => expect(result.current.map((one) => [one.state, one.problem])).toEqual([[state, problem]]));
  act(() => dropUpload(result.current[0]?.id ?? 0));
  expect(result.current).toEqual([]);
});

it.each([503, 422])("does not send a file again that is a video already, where its run is refused with %d: only the run is started again", async (status) => {
  sent.whole = true;
  let refuse = true;
  request.mockImplementation(({ url }) => {
    if (!url.endsWith("/start")) return Promise.resolve({ video_id: "v1" });
    return refuse ? Promise.reject(new ApiError(status, { detail: "No run now." })) : Promise.resolve({});
  });
  const { result } = renderHook(() => useUploads());
  await act(() => startUpload(new File(["hello"], "talk.mp4"), { max_moments: 3 }));
  await waitFor(() => expect(result.current.map((one) => [one.state, one.problem, one.videoId])).toEqual([["stored", "No run now.", "v1"]]));
  refuse = false;
  act(() => resumeUpload(result.current[0]?.id ?? 0));
  await waitFor(() => expect(result.current).toEqual([]));
  expect(sent.times).toBe(1);
  expect(request).toHaveBeenLastCalledWith({ method: "POST", url: "api/pipeline/v1/start", data: { max_moments: 3 } });
});
