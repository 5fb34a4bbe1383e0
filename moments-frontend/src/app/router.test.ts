import { expect, it } from "vitest";
import { router } from "./router";

it("leads the address of an earlier page to the first screen", async () => {
  await router.navigate("/generate");
  expect(router.state.location.pathname).toBe("/");
});
