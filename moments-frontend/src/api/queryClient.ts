import { QueryClient } from "@tanstack/react-query";
import { ApiError } from "./client";

/** Answers are fresh for a moment; what a person must put right is not asked again, what may pass is. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 2_000,
      // Asked also where the browser thinks that it is offline: the server may be this machine, and waiting for ever says nothing.
      networkMode: "always",
      retry: (failures, error) => error instanceof ApiError && error.offline && failures < 2,
      retryDelay: (attempt) => Math.min(8_000, 1_000 * 2 ** attempt),
    },
    mutations: { retry: false, networkMode: "always" },
  },
});
