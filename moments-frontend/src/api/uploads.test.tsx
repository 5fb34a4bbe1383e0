import { act, cleanup, renderHook, waitFor } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { dropUpload, startUpload, useUploads } from "./uploads";

interface Options {
  onError: (error: Error) => void;
}

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
      const response = answer && { getStatus: () => answer?.status, getBody: () => answer?.body };
      this.options.onError(Object.assign(new Error("tus: it failed"), { originalResponse: response }));
    };
  },
}));

afterEach(cleanup);

it.each([
  [{ status: 422, body: JSON.stringify({ detail: "The file is text.", advice: "Give a video." }) }, "refused", "The file is text. Give a video."],
  [{ status: 503, body: JSON.stringify({ detail: "The store fails." }) }, "failed", "The store fails."],
  [{ status: 502, body: "<html>Bad gateway</html>" }, "failed", "The connection broke and could not be made again. Resume goes on where it was."],
  [null, "failed", "The connection broke and could not be made again. Resume goes on where it was."],
])("says what the server said of a file, and whether to try again (%#)", async (said, state, problem) => {
  answer = said;
  const { result } = renderHook(() => useUploads());
  await act(() => startUpload(new File(["hello"], "talk.mp4"), {}));
  await waitFor(() => expect(result.current.map((one) => [one.state, one.problem])).toEqual([[state, problem]]));
  act(() => dropUpload(result.current[0]?.id ?? 0));
  expect(result.current).toEqual([]);
});
