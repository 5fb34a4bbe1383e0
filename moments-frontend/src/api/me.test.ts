import { QueryClient } from "@tanstack/react-query";
import { act, cleanup, renderHook } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { forgetKey, requireKey, storeKey } from "./key";
import { caller, may, useMay } from "./me";
import type { CallerOut, KeyScope } from "./types";

vi.mock("./client", () => ({ request: () => Promise.resolve({ kind: "key", name: "desk", scope: "write", hint: "vm_abc" }) }));

afterEach(() => {
  cleanup();
  forgetKey();
});

const key = (scope: KeyScope): CallerOut => ({ kind: "key", name: "desk", scope, hint: "vm_abc" });

it.each([
  ["read", [true, false, false]],
  ["write", [true, true, false]],
  ["admin", [true, true, true]],
] as const)("a %s key may do what its scope holds", (scope, allowed) => {
  expect((["read", "write", "admin"] as const).map((wanted) => may(key(scope), true, wanted))).toEqual(allowed);
});

it("may only look with a key until the server has said what it is, and do all without one", () => {
  expect([may(null, true, "read"), may(null, true, "write")]).toEqual([true, false]);
  expect(may(null, false, "admin")).toBe(true);
});

it("takes nothing away while the sign-in is open: what was typed stays", async () => {
  storeKey("vm_test", false);
  await new QueryClient().query(caller);
  const { result } = renderHook(() => useMay("write"));
  expect(result.current).toBe(true);
  act(requireKey);
  expect(result.current).toBe(true);
});
