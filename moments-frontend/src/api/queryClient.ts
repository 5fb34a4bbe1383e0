import { QueryClient } from "@tanstack/react-query";
import { ApiError } from "./client";

/** Answers count as fresh for a moment. What a user must correct is not requested again; what may pass by itself is. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 2_000,
      // Requests are sent even where the browser thinks that it is offline: the server may be on this machine, and waiting forever shows
      // nothing.
      networkMode: "always",
      retry: (failures, error) => error instanceof ApiError && error.offline && failures < 2,
      retryDelay: (attempt) => Math.min(8_000, 1_000 * 2 ** attempt),
    },
    mutations: { retry: false, networkMode: "always" },
  },
});
