import axios, { AxiosError, type AxiosRequestConfig } from "axios";
import type { Problem } from "./generated/schema";
import { readKey, requireKey } from "./key";

/** An error of the API: a stable `code`, one line, and what to do about it. `status` is 0 when there was no answer. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly advice: string | null;
  readonly fields: readonly { field: string; message: string }[];
  /** With `changed_meanwhile`: the current version of what was to be edited. */
  readonly current: unknown;

  constructor(status: number, problem: Partial<Problem>) {
    super(problem.detail ?? problem.title ?? "The server does not answer.");
    this.name = "ApiError";
    this.status = status;
    this.code = problem.code ?? (status === 0 ? "offline" : "unknown");
    this.advice = problem.advice ?? (status === 0 ? "Check that it runs and that you are online. This page tries again by itself." : null);
    this.fields = problem.errors ?? [];
    this.current = problem.current ?? null;
  }

  /** Whether the edit was based on an older version: then nothing was changed, and `current` is the stored version. */
  get stale(): boolean {
    return this.code === "changed_meanwhile" && this.current !== null;
  }

  get offline(): boolean {
    return this.status === 0 || this.status === 502 || this.status === 503 || this.status === 504;
  }
}

// Always the page's own origin, by its full name: after "/" alone, "\\host" would be another. Nothing in the address can send the key
// elsewhere (F74).
const http = axios.create({ baseURL: window.location.origin, timeout: 30_000, allowAbsoluteUrls: false });

http.interceptors.request.use((config) => {
  const key = readKey();
  if (key !== null && !config.headers.has("Authorization")) config.headers.set("Authorization", `Bearer ${key}`);
  return config;
});

/** Sends one request. Rejects with ApiError. A missing or invalid key opens the sign-in. */
export async function request<Answer>(config: AxiosRequestConfig): Promise<Answer> {
  try {
    return (await http.request<Answer>(config)).data;
  } catch (error) {
    const known = toApiError(error);
    if (known.status === 401) requireKey();
    throw known;
  }
}

export interface SavedFile {
  data: Blob;
  /** The name that the server suggests for the file; null where it suggests none. */
  name: string | null;
  /** What the file's format could not hold, as sentences. */
  notes: string[];
}

/** Fetches a file to be saved. Rejects as `request` does. */
export async function requestFile(config: AxiosRequestConfig): Promise<SavedFile> {
  try {
    const answer = await http.request<Blob>({ ...config, responseType: "blob", timeout: 0 });
    const [disposition, notes] = ["content-disposition", "export-notes"].map((name) => String(answer.headers[name] ?? ""));
    const name = /filename\*=UTF-8''([^;]+)/.exec(disposition ?? "")?.[1];
    return { data: answer.data, name: name === undefined ? null : decodeURIComponent(name), notes: notes ? (JSON.parse(notes) as string[]) : [] };
  } catch (error) {
    await readBlob(error);
    const known = toApiError(error);
    if (known.status === 401) requireKey();
    throw known;
  }
}

/** Parses the body of a refusal, which axios gives as a Blob where a file was requested. */
async function readBlob(error: unknown): Promise<void> {
  if (!(error instanceof AxiosError) || !(error.response?.data instanceof Blob)) return;
  error.response.data = await error.response.data
    .text()
    .then((text): unknown => JSON.parse(text))
    .catch(() => null);
}

export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof AxiosError) return new ApiError(error.response?.status ?? 0, isProblem(error.response?.data) ? error.response.data : {});
  return new ApiError(0, { detail: error instanceof Error ? error.message : "Something went wrong." });
}

function isProblem(body: unknown): body is Problem {
  return typeof body === "object" && body !== null && "code" in body;
}
