import { queryOptions } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { createStore } from "@/lib/store";
import { type ApiError, request } from "./client";
import { readKey } from "./key";
import { queryKeys } from "./queryKeys";
import type { CallerOut, KeyScope } from "./types";

const ORDER: readonly KeyScope[] = ["read", "write", "admin"];
const known = createStore<CallerOut | null>(null);

/** Who the caller is to the server, and what the caller may do. */
export const caller = queryOptions<CallerOut, ApiError>({
  queryKey: queryKeys.me,
  queryFn: async ({ signal }) => {
    const me = await request<CallerOut>({ url: "api/me", signal });
    known.set(() => me);
    return me;
  },
  staleTime: 60_000,
});

const MAY: Record<KeyScope, string> = { read: "can view", write: "can view and edit", admin: "can do everything" };

/** Describes the caller in words. */
export function described({ name, hint, scope }: CallerOut): string {
  return `Signed in as ${name}${hint === null ? "" : ` (${hint}…)`}: ${MAY[scope]}`;
}

/**
 * Returns whether the caller has this scope. Until the server has answered, a browser with a key may only read. With another key, the rights of
 * the last one stay until its own are known: to forget them earlier would take away a form in which somebody types.
 */
export function useMay(scope: KeyScope): boolean {
  return useSyncExternalStore(known.subscribe, () => may(known.get(), readKey() !== null, scope));
}

export function may(me: CallerOut | null, signedIn: boolean, scope: KeyScope): boolean {
  const own = me?.scope ?? (signedIn ? "read" : "admin");
  return ORDER.indexOf(own) >= ORDER.indexOf(scope);
}
