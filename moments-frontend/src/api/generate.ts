import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ApiError, request } from "./client";
import type { AcceptedOut, StartOptions } from "./types";

/** One URL, one run. */
export function useGenerate() {
  const client = useQueryClient();
  return useMutation<AcceptedOut, ApiError, { url: string; options: Partial<StartOptions> }>({
    mutationFn: ({ url, options }) => request({ method: "POST", url: "api/generate_moments", data: { url, ...options } }),
    onSuccess: () => client.invalidateQueries(),
  });
}
