import { useSyncExternalStore } from "react";
import type { DetailedError, Upload } from "tus-js-client";
import { createStore } from "@/lib/store";
import { request, toApiError } from "./client";
import { readKey, requireKey } from "./key";
import { queryClient } from "./queryClient";
import { listingRuns } from "./queryKeys";
import type { Problem, StartOptions, UploadOut } from "./types";
import { watch } from "./watched";

export interface RunningUpload {
  id: number;
  name: string;
  size: number;
  sent: number;
  /**
   * `refused`: the server does not accept the file, and trying again would not help. `stored`: the video is there, but its run could not be
   * started.
   */
  state: "sending" | "paused" | "starting" | "failed" | "refused" | "stored";
  problem: string | null;
  /** The video that was made of the file; null before it is complete. */
  videoId: string | null;
}

const PIECE_BYTES = 8 * 1024 * 1024;
// The statuses for a file that the server does not accept: too large, not media.
const REFUSED = [413, 422];
const RETRY_MS = [0, 1_000, 3_000, 5_000, 10_000, 20_000];
const store = createStore<readonly RunningUpload[]>([]);
const uploads = new Map<number, { upload: Upload; options: Partial<StartOptions> }>();
let last = 0;

/** Returns the uploads, which continue whichever page is shown. An interrupted one resumes, also after a reload with the same file. */
export function useUploads(): readonly RunningUpload[] {
  return useSyncExternalStore(store.subscribe, store.get);
}

/** Sends the file in pieces (tus), then starts a run of it with `options`. */
export async function startUpload(file: File, options: Partial<StartOptions>): Promise<void> {
  const { Upload } = await import("tus-js-client");
  const id = ++last;
  store.set((now) => [...now, { id, name: file.name, size: file.size, sent: 0, state: "sending", problem: null, videoId: null }]);
  const upload: Upload = new Upload(file, {
    endpoint: "/api/videos/upload",
    chunkSize: PIECE_BYTES,
    retryDelays: RETRY_MS,
    metadata: { filename: file.name },
    removeFingerprintOnSuccess: true,
    onBeforeRequest: (sent) => {
      const key = readKey();
      if (key !== null) sent.setHeader("Authorization", `Bearer ${key}`);
    },
    onAfterResponse: (_, answer) => {
      if (answer.getStatus() === 401) requireKey();
    },
    onProgress: (sent) => change(id, { sent }),
    onError: (error) => change(id, explain(error)),
    onSuccess: () => void finish(id),
  });
  uploads.set(id, { upload, options });
  const earlier = await upload.findPreviousUploads();
  if (earlier[0]) upload.resumeFromPreviousUpload(earlier[0]);
  upload.start();
}

export function pauseUpload(id: number): void {
  void uploads.get(id)?.upload.abort();
  change(id, { state: "paused" });
}

/** Continues where the upload stopped. Of a file that is a video already only the run is started: sent again, it might start anew. */
export function resumeUpload(id: number): void {
  if (videoOf(id) !== null) {
    void finish(id);
    return;
  }
  change(id, { state: "sending", problem: null });
  uploads.get(id)?.upload.start();
}

/** Ends the upload and deletes the pieces that were sent. */
export function dropUpload(id: number): void {
  const found = uploads.get(id);
  uploads.delete(id);
  store.set((now) => now.filter((one) => one.id !== id));
  if (found?.upload.url) void found.upload.abort(true).catch(() => undefined);
}

/** Starts the run of a complete upload's video. */
async function finish(id: number): Promise<void> {
  const found = uploads.get(id);
  const name = store.get().find((one) => one.id === id)?.name;
  if (found === undefined || name === undefined) return;
  change(id, { state: "starting", problem: null });
  try {
    const videoId = videoOf(id) ?? (await askForVideo(found.upload.url));
    change(id, { videoId });
    await request({ method: "POST", url: `api/pipeline/${videoId}/start`, data: found.options }).catch((error: unknown) => {
      if (toApiError(error).code !== "run_active") throw error; // the same file again, while it is worked on
    });
    watch({ videoId, title: name });
    uploads.delete(id);
    store.set((now) => now.filter((one) => one.id !== id));
    for (const queryKey of listingRuns) void queryClient.invalidateQueries({ queryKey });
  } catch (error) {
    const known = toApiError(error);
    const problem = known.advice ? `${known.message} ${known.advice}` : known.message;
    change(id, { state: videoOf(id) !== null ? "stored" : REFUSED.includes(known.status) ? "refused" : "failed", problem });
  }
}

function videoOf(id: number): string | null {
  return store.get().find((one) => one.id === id)?.videoId ?? null;
}

async function askForVideo(url: string | null): Promise<string> {
  const upload = await request<UploadOut>({ url: `api/videos/upload/${(url ?? "").split("/").pop() ?? ""}` });
  if (upload.video_id == null) throw new Error("The upload is complete, but no video was made from it.");
  return upload.video_id;
}

function change(id: number, fields: Partial<RunningUpload>): void {
  store.set((now) => now.map((one) => (one.id === id ? { ...one, ...fields } : one)));
}

/** Returns what the server answered. It has deleted the bytes of a refused file; after a broken connection the upload can resume. */
function explain(error: Error | DetailedError): Pick<RunningUpload, "state" | "problem"> {
  const answer = "originalResponse" in error ? error.originalResponse : null;
  const body = answer ? problemIn(answer.getBody()) : null;
  if (answer && body) return { state: REFUSED.includes(answer.getStatus()) ? "refused" : "failed", problem: [body.detail, body.advice].filter(Boolean).join(" ") };
  return { state: "failed", problem: "The connection was lost. Resume continues where the upload stopped." };
}

function problemIn(text: string): Partial<Problem> | null {
  try {
    const body = JSON.parse(text) as Partial<Problem> | null;
    return body?.detail === undefined ? null : body;
  } catch {
    return null;
  }
}
