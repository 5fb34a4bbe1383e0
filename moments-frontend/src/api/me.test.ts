import { expect, it } from "vitest";
import { may } from "./me";
import type { CallerOut, KeyScope } from "./types";

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
